import Testing
import Wire

@testable import Traversal

@Suite struct CheckListTests {
    private let sockets = [
        LocalSocket(id: SocketID(1), family: .ipv4, port: 1), LocalSocket(id: SocketID(2), family: .ipv6, port: 1),
        LocalSocket(id: SocketID(3), family: .ipv4, port: 2),
    ]
    private let host = Candidate(.host, Endpoint(IPAddress(192, 168, 1, 2), 1))
    private let mapped = Candidate(.serverReflexive, Endpoint(IPAddress(203, 0, 113, 1), 2))
    private let guess = Candidate(.guessed, Endpoint(IPAddress(203, 0, 113, 1), 3))

    private func time(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    /// A list of one socket that has started a round at zero.
    private func started() -> CheckList {
        var list = CheckList()
        _ = list.update(sockets: [sockets[0]], candidates: [host, mapped, guess], excluding: [])
        list.start(skipping: [], at: time(0))
        return list
    }

    @Test func everySocketMeetsEveryCandidateOfItsFamilyInPriorityOrder() {
        var list = CheckList()
        let added = list.update(sockets: sockets, candidates: [host, mapped], excluding: [])
        #expect(added.map(\.socket) == [SocketID(1), SocketID(3), SocketID(1), SocketID(3)])
        #expect(added.map(\.endpoint) == [host.endpoint, host.endpoint, mapped.endpoint, mapped.endpoint])
        #expect(list.nextDue == nil)
    }

    @Test func ourOwnEndpointIsNoTarget() {
        var list = CheckList()
        #expect(list.update(sockets: sockets, candidates: [host], excluding: [host.endpoint]).isEmpty)
    }

    @Test func theListIsCapped() {
        var list = CheckList()
        let many = (0..<200).map { Candidate(.host, Endpoint(IPAddress(10, 0, 0, 1), UInt16($0 + 1))) }
        _ = list.update(sockets: sockets, candidates: many, excluding: [])
        #expect(list.checks.count == CheckList.maximumPairs)
    }

    @Test func anUpdateKeepsProgress() {
        var list = started()
        list.pinged(0, at: time(0))
        #expect(list.update(sockets: [sockets[0]], candidates: [host, mapped], excluding: []).isEmpty)
        #expect(list.checks.map(\.attempts) == [1, 0])
    }

    @Test func pingsAreRepeatedWithGrowingPauses() {
        var list = started()
        #expect(list.due(at: time(0)) == [0, 1, 2])
        for index in 0..<3 { list.pinged(index, at: time(0)) }
        // A guess gets one ping.
        #expect(list.due(at: time(200)) == [0, 1])
        list.pinged(0, at: time(200))
        list.pinged(1, at: time(200))
        #expect(list.nextDue == time(800))
        list.pinged(0, at: time(800))
        list.pinged(1, at: time(800))
        #expect(list.nextDue == nil)
    }

    @Test func afterAnOpenerRealPingsWaitForThePeer() {
        var list = started()
        list.opened(1, at: time(0))
        #expect(list.due(at: time(5000)) == [0, 2])
        list.peerStarted(at: time(40))
        #expect(list.checks[1].nextAttempt == time(40))
    }

    @Test func aPingFromThePeerIsAnsweredByOneAtOnce() {
        var list = started()
        for _ in 0..<3 { list.pinged(1, at: time(800)) }
        #expect(list.checks[1].nextAttempt == nil)
        list.trigger(list.checks[1].path, at: time(1000))
        #expect(list.checks[1].nextAttempt == time(1000))
        #expect(list.checks[1].isTriggered)
    }

    @Test func anAnswerSavesTheRest() {
        var list = started()
        for index in 0..<2 {
            list.pinged(index, at: time(0))
            list.pinged(index, at: time(200))
        }
        list.succeeded(list.checks[0].path)
        list.limitAttempts()
        #expect(list.checks[0].nextAttempt == nil)
        #expect(list.checks[1].nextAttempt == nil)
        #expect(list.checks[2].nextAttempt == time(0))
    }

    @Test func onlyMappedAddressesOfUnknownNATsWantAnOpener() {
        let list = started()
        #expect(list.checks.map { $0.wantsOpener(remote: nil) } == [false, true, true])
        #expect(
            list.checks.map { $0.wantsOpener(remote: NATBehavior(filtering: .endpointIndependent)) } == [false, false, false])
        #expect(list.checks.map { $0.wantsOpener(remote: NATBehavior(isTranslated: false)) } == [false, false, false])
    }
}
