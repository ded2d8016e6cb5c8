import Testing
import Wire

@testable import Traversal

@Suite struct DepartureWatchTests {
    private let path = DirectPath(socket: SocketID(1), endpoint: Endpoint(IPAddress(203, 0, 113, 5), 5000))
    private let other = DirectPath(socket: SocketID(2), endpoint: Endpoint(IPAddress(203, 0, 113, 6), 6000))

    /// The milliseconds at which packets that came so show that the peer has left the current path.
    private func departures(_ packets: [(at: Int64, from: Origin)], current: (Int64) -> DirectPath) -> [Int64] {
        var watch = DepartureWatch()
        return packets.map(\.at).filter { moment in
            packets.filter { $0.at == moment }.contains {
                watch.received(from: $0.from, current: current(moment), at: .zero + .milliseconds(moment))
            }
        }
    }

    private func departures(_ packets: [(at: Int64, from: Origin)]) -> [Int64] {
        departures(packets) { _ in path }
    }

    @Test(arguments: [true, false])
    func trafficThatComesAnotherWayShowsThatThePeerHasLeft(isRelay: Bool) {
        #expect(departures([(0, .direct(path)), (100, isRelay ? .relay : .direct(other))]) == [100])
    }

    @Test func aDepartureIsToldOnce() {
        #expect(departures([(0, .direct(path)), (150, .relay), (300, .relay)]) == [150])
    }

    @Test func aPeerThatSendsOnTwoWaysHasNotLeft() {
        let packets = (0..<100 as Range<Int64>).flatMap { [($0 * 50, Origin.direct(path)), ($0 * 50 + 30, .relay)] }
        #expect(departures(packets).isEmpty)
    }

    @Test func aPeerThatAlwaysTakesAnotherPathHasNotLeft() {
        #expect(departures((0..<100 as Range<Int64>).map { ($0 * 200, .direct(other)) }).isEmpty)
    }

    @Test func aPeerThatWasSilentForLongHasNotLeft() {
        #expect(departures([(0, .direct(path)), (3001, .relay)]).isEmpty)
    }

    @Test func anotherCurrentPathIsAnotherMatter() {
        #expect(departures([(0, .direct(path)), (200, .relay)]) { $0 < 100 ? path : other }.isEmpty)
    }
}
