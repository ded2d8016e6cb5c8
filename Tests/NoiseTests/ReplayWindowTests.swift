import Noise
import Testing
import Wire

struct ReplayWindowTests {
    @Test
    func eachCounterIsTakenOnce() {
        var window = ReplayWindow()
        for counter in UInt64(0)..<5000 {
            #expect(window.accepts(counter))
            window.insert(counter)
            #expect(!window.accepts(counter))
        }
    }

    @Test
    func whatIsTooFarBehindIsNotTaken() {
        var window = ReplayWindow()
        window.insert(10_000)
        #expect(window.accepts(10_001 - ReplayWindow.size))
        #expect(!window.accepts(10_000 - ReplayWindow.size))
        #expect(!window.accepts(0))
    }

    @Test
    func theLastCounterIsReserved() {
        var window = ReplayWindow()
        #expect(!window.accepts(.max))
        window.insert(.max - 1)
        #expect(!window.accepts(.max - 1))
        #expect(!window.accepts(.max))
        #expect(window.accepts(.max - 2))
    }

    @Test(arguments: 0..<100)
    func itAgreesWithASetThatRemembersAll(seed: UInt64) {
        var random = SeededGenerator(seed)
        var window = ReplayWindow()
        var seen: Set<UInt64> = []
        var newest: UInt64 = 0
        for _ in 0..<2000 {
            // Steps of all sizes forwards, and back into and behind the window.
            let reach = UInt64(1) << UInt64.random(in: 0...13, using: &random)
            let isForwards = Bool.random(using: &random)
            let counter =
                isForwards
                ? newest + UInt64.random(in: 0...reach, using: &random)
                : newest - min(newest, UInt64.random(in: 0...reach, using: &random))
            let isInside = seen.isEmpty || counter > newest || newest + 1 - counter <= ReplayWindow.size
            let expected = isInside && !seen.contains(counter)
            #expect(window.accepts(counter) == expected)
            if expected {
                window.insert(counter)
                seen.insert(counter)
                newest = max(newest, counter)
            }
        }
    }
}
