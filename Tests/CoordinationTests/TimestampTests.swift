internal import Coordination
internal import Testing
internal import Wire

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_795_524_772_123, "2026-11-24T12:52:52.123Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (Timestamp.latest.milliseconds, "9999-12-31T23:59:59.999Z"),
        (Timestamp.earliest.milliseconds, "0000-01-01T00:00:00.000Z"),
    ])
    func textIsRFC3339InUTC(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        ("2026-11-24t12:52:52z", 1_795_524_772_000), ("2026-11-24T13:52:52.5+01:00", 1_795_524_772_500),
        ("2026-11-24T07:22:52.123456789-05:30", 1_795_524_772_123),
    ])
    func otherSpellingsOfTheStandardAreRead(text: String, milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026-11-24", "2026-11-24T12:52:52", "2026-11-24 12:52:52Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-11-31T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T12:60:00Z", "2026-11-24T12:52:60Z",
        "2026-11-24T12:52:52.Z", "2026-11-24T12:52:52+24:00", "2026-11-24T12:52:52Z ", "+026-11-24T12:52:52Z",
        "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "٢٠٢٦-11-24T12:52:52Z",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func everyDayOfFourCenturiesSurvivesARoundTrip() {
        for day in -150_000..<150_000 as Range<Int64> where day % 7 == 0 {
            let time = Timestamp(milliseconds: day * 86_400_000 + day % 86_400_000)
            #expect(Timestamp(time.description) == time)
        }
    }

    @Test func timesBeyondTheTextStopAtItsEnds() {
        #expect(Timestamp(milliseconds: .max).description == Timestamp.latest.description)
        #expect(Timestamp(milliseconds: .min).description == Timestamp.earliest.description)
        #expect(Timestamp.latest + .seconds(1) == .latest)
        #expect(Timestamp(milliseconds: 5) + .seconds(Int64.max) == .latest)
        #expect(Timestamp(milliseconds: 5) - Timestamp(milliseconds: 2) == .milliseconds(3))
    }
}
