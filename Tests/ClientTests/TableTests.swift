import CryptoBox
import NIOCore
import NIOPosix
import Testing
import Traversal
import Wire

@testable import Client

private let bob = RelayHandlerTests.key(1)
private let carol = RelayHandlerTests.key(2)

private func socket() async throws -> any Channel {
    try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton.next()).bind(host: "127.0.0.1", port: 0).get()
}

@Suite struct EchoTableTests {
    @Test func aReplyTellsItsWayAndTime() async throws {
        var table = EchoTable()
        let (id, events) = table.begin(peer: bob)
        let maybe = table.request(of: id, at: .zero)
        let sequence = try #require(maybe)
        table.replyReceived(sequence, from: bob, .relay, at: .zero + .milliseconds(5))
        table.end(id)
        let all = await events.reduce(into: []) { $0.append($1) }
        #expect(all == [.reply(.relay, .milliseconds(5))])
    }

    @Test func aSecondReplyAndOneOfAnotherPeerAreIgnored() async throws {
        var table = EchoTable()
        let (id, events) = table.begin(peer: bob)
        let maybe = table.request(of: id, at: .zero)
        let sequence = try #require(maybe)
        table.replyReceived(sequence, from: carol, .relay, at: .zero)
        table.replyReceived(sequence &+ 1, from: bob, .relay, at: .zero)
        table.replyReceived(sequence, from: bob, .relay, at: .zero)
        table.replyReceived(sequence, from: bob, .relay, at: .zero)
        table.end(id)
        #expect(await events.reduce(0) { count, _ in count + 1 } == 1)
    }

    @Test func onlyThePeersOwnPingHearsOfADirectPath() async {
        var table = EchoTable()
        let toBob = table.begin(peer: bob)
        let toCarol = table.begin(peer: carol)
        table.pathChanged(isDirect: true, peer: bob)
        table.pathChanged(isDirect: false, peer: carol)
        table.end(toBob.id)
        table.end(toCarol.id)
        #expect(await toBob.events.reduce(into: []) { $0.append($1) } == [.pathIsDirect])
        #expect(await toCarol.events.reduce(into: []) { $0.append($1) } == [])
    }

    @Test func anEndedPingSendsNothingMore() {
        var table = EchoTable()
        let (id, _) = table.begin(peer: bob)
        table.end(id)
        let afterEnd = table.request(of: id, at: .zero)
        #expect(afterEnd == nil)
    }
}

@Suite struct ForwardTableTests {
    @Test func eachApplicationHasAFlowOfItsOwnThatStays() async throws {
        let channel = try await socket()
        let first = try SocketAddress(ipAddress: "127.0.0.1", port: 1001)
        let second = try SocketAddress(ipAddress: "127.0.0.1", port: 1002)
        var table = ForwardTable()
        let flow = table.flow(from: first, in: channel, to: bob, at: .zero)
        let again = table.flow(from: first, in: channel, to: bob, at: .zero)
        #expect(again == flow)
        let ofSecond = table.flow(from: second, in: channel, to: bob, at: .zero)
        #expect(ofSecond != flow)
        let toCarol = table.flow(from: first, in: channel, to: carol, at: .zero)
        #expect(toCarol != flow)
        try await channel.close()
    }

    @Test func anAnswerReachesTheApplicationThatAsked() async throws {
        let forward = try await socket()
        let application = UDPProbe()
        let local = try await application.bind()
        var table = ForwardTable()
        let source = try SocketAddress(ipAddress: "127.0.0.1", port: Int(local.port))
        let flow = table.flow(from: source, in: forward, to: bob, at: .zero)
        table.answerReceived(Array("stranger".utf8), on: flow, from: carol, at: .zero)
        table.answerReceived(Array("answer".utf8), on: flow, from: bob, at: .zero)
        #expect(await application.texts.first { _ in true } == "answer")
        try await forward.close()
        await application.close()
    }

    @Test func silentFlowsAreForgotten() async throws {
        let channel = try await socket()
        let source = try SocketAddress(ipAddress: "127.0.0.1", port: 1001)
        var table = ForwardTable()
        let flow = table.flow(from: source, in: channel, to: bob, at: .zero)
        table.sweep(at: .zero + ForwardTable.flowLifetime - .seconds(1))
        #expect(!table.isEmpty)
        table.sweep(at: .zero + ForwardTable.flowLifetime)
        #expect(table.isEmpty)
        let afterwards = table.flow(from: source, in: channel, to: bob, at: .zero)
        #expect(afterwards != flow)
        table.removeAll(of: channel)
        #expect(table.isEmpty)
        try await channel.close()
    }

    @Test func tooManyApplicationsPushOutTheOneSilentForLongest() async throws {
        let channel = try await socket()
        var table = ForwardTable()
        var flows: [UInt32] = []
        for number in 0...ForwardTable.maximumFlows {
            let source = try SocketAddress(ipAddress: "127.0.0.1", port: 1000 + number)
            flows.append(table.flow(from: source, in: channel, to: bob, at: .zero + .seconds(number)))
        }
        let last = try SocketAddress(ipAddress: "127.0.0.1", port: 1000 + ForwardTable.maximumFlows)
        let ofLast = table.flow(from: last, in: channel, to: bob, at: .zero)
        #expect(ofLast == flows.last)
        let first = try SocketAddress(ipAddress: "127.0.0.1", port: 1000)
        let ofFirst = table.flow(from: first, in: channel, to: bob, at: .zero)
        #expect(ofFirst != flows.first)
        try await channel.close()
    }
}

@Suite struct ServiceTableTests {
    private static let key = ServiceTable.FlowKey(peer: bob, flow: 1, port: 7000)

    @Test func onlyAllowedPortsAreDelivered() throws {
        var table = ServiceTable([try AllowedPort("udp/7000")])
        let toAnotherPort = table.deliver([1], on: ServiceTable.FlowKey(peer: bob, flow: 1, port: 7001), at: .zero)
        #expect(toAnotherPort == .refused)
        let toAllowedPort = table.deliver([1], on: Self.key, at: .zero)
        #expect(toAllowedPort == .open(Endpoint(IPAddress(127, 0, 0, 1), 7000)))
        let second = table.deliver([2], on: Self.key, at: .zero)
        #expect(second == .delivered)
    }

    @Test func whatWaitedForTheSocketIsSentInOrder() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let service = UDPProbe()
        let target = Endpoint(IPAddress(127, 0, 0, 1), try await service.bind().port)
        var table = ServiceTable([try AllowedPort("udp/7000=\(target)")])
        for text in ["one", "two"] { _ = table.deliver(Array(text.utf8), on: Self.key, at: .zero) }
        let channel = try await DatagramBootstrap(group: loop).connect(to: target.socketAddress()).get()
        let isTaken = table.opened(channel, for: Self.key)
        #expect(isTaken)
        let third = table.deliver(Array("three".utf8), on: Self.key, at: .zero)
        #expect(third == .delivered)
        #expect(await service.texts.prefix(3).reduce(into: []) { $0.append($1) } == ["one", "two", "three"])
        let silent = table.sweep(at: .zero + ServiceTable.flowLifetime)
        #expect(silent.count == 1)
        #expect(table.isEmpty)
        try await channel.close()
        await service.close()
    }

    @Test func aFlowThatIsGoneTakesNoSocket() async throws {
        var table = ServiceTable([try AllowedPort("udp/7000")])
        _ = table.deliver([1], on: Self.key, at: .zero)
        let closed = table.removeAll(of: bob)
        #expect(closed.isEmpty)
        let channel = try await socket()
        let isTaken = table.opened(channel, for: Self.key)
        #expect(!isTaken)
        try await channel.close()
    }

    @Test func onePeerCannotOpenFlowsWithoutEnd() throws {
        var table = ServiceTable([try AllowedPort("udp/7000")])
        for flow in 0..<UInt32(ServiceTable.maximumFlowsPerPeer + 10) {
            let key = ServiceTable.FlowKey(peer: bob, flow: flow, port: 7000)
            _ = table.deliver([1], on: key, at: .zero + .seconds(Int(flow)))
        }
        #expect(table.count == ServiceTable.maximumFlowsPerPeer)
    }
}

@Suite struct BackoffTests {
    @Test func waitsGrowUpToALimitAndStartAgain() {
        var random = SeededGenerator(1)
        var backoff = Backoff()
        let waits = (0..<10).map { _ in backoff.next(using: &random) }
        #expect(waits[0] >= .milliseconds(125) && waits[0] <= .milliseconds(250))
        #expect(waits.allSatisfy { $0 <= .seconds(5) })
        #expect(waits.suffix(4).allSatisfy { $0 >= .milliseconds(2500) })
        backoff.reset()
        let wait = backoff.next(using: &random)
        #expect(wait <= .milliseconds(250))
    }
}
