import Coordination
import CryptoBox
import DERP
import Foundation
import NIOHTTP1
import Store
import Testing
import Wire

@testable import Server

/// What the protocol promises to those who rely on it, measured on a whole server.
@Suite(.timeLimit(.minutes(1))) struct PromiseTests {
    @Test(arguments: ["now", "soon"])
    func anExpiredNodeLosesRelayAndStreamWithinASecond(when: String) async throws {
        try await TestServer.run { server in
            let (alice, answer) = try await server.join("alice")
            try await server.relay(alice.nodeKey) { link async throws in
                #expect(try await link.next() == .serverInfo(ServerInfo()))
                try await server.stream(of: answer) { events async throws in
                    _ = try await events.next(named: "snapshot")
                    let delay: Duration = when == "now" ? .zero : .milliseconds(1_200)
                    let time = ContinuousClock.now + delay
                    let expiry = Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1_000)) + delay
                    let changed = try await server.administer(
                        "PATCH", "/v1/admin/nodes/\(answer.node.id)", json: #"{"expires":"\#(expiry)"}"#)
                    #expect(changed.status == 200)
                    while try await events.next() != nil {}
                    while try await link.next() != nil {}
                    #expect(ContinuousClock.now > time && ContinuousClock.now - time < .seconds(1))
                }
            }
            #expect(try await server.send("GET", "/v1/peers", headers: [answer.authorization]).problem == .nodeExpired)
            try await server.relay(alice.nodeKey) { link async throws in #expect(try await link.next() == nil) }
        }
    }

    @Test func aChangeReachesEveryStreamOnceAndInOrder() async throws {
        try await TestServer.run { server in
            let key = try await server.joinKey(NewJoinKey(reusable: true))
            var members: [RegistrationResponse] = []
            for number in 0..<20 { members.append(try await server.join("member-\(number)", key).answer) }
            let opened = AsyncStream<Void>.makeStream()
            try await withThrowingTaskGroup(of: [String].self) { group in
                for member in members {
                    group.addTask {
                        try await server.stream(of: member) { events async throws in
                            _ = try await events.next(named: "snapshot")
                            opened.continuation.yield()
                            var changes: [String] = []
                            while changes.last?.hasPrefix("removed") != true, let event = try await events.next() {
                                let name = event.data.firstMatch(of: /"id":(\d+)/)?.1 ?? ""
                                changes.append("\(event.name) \(name)")
                            }
                            return changes
                        }
                    }
                }
                var ready = opened.stream.makeAsyncIterator()
                for _ in members { await ready.next() }
                let (_, carol) = try await server.join("carol", key)
                try await server.administer("PATCH", "/v1/admin/nodes/\(carol.node.id)", json: #"{"name":"caroline"}"#)
                try await server.administer("DELETE", "/v1/admin/nodes/\(carol.node.id)")
                let expected = ["added", "changed", "removed"].map { "\($0) \(carol.node.id)" }
                for try await changes in group { #expect(changes == expected) }
            }
        }
    }

    @Test func aCandidateListIsOnDiskAfterASecond() async throws {
        try await TestServer.run { server in
            let (_, alice) = try await server.join("alice")
            let published = try await server.send(
                "PUT", "/v1/nodes/self/candidates", headers: [alice.authorization],
                json: #"{"sequence":1,"candidates":[{"type":"host","endpoint":"192.0.2.1:1","priority":1}]}"#)
            #expect(published.status == 204)
            try await Task.sleep(for: .milliseconds(1_500))
            // The files as a crash at this moment would leave them.
            let crashed = TemporaryDirectory()
            try FileManager.default.createDirectory(atPath: crashed.path, withIntermediateDirectories: true)
            let copy = DataDirectory(path: crashed.path).databaseFile
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: server.directory.databaseFile + suffix, toPath: copy + suffix)
            }
            let store = try SQLiteStore(path: copy)
            let nodes = try await store.load().nodes
            #expect(nodes.map(\.record.name) == ["alice"])
            #expect(nodes.first?.publication.candidates.map(\.endpoint.description) == ["192.0.2.1:1"])
            try await store.close()
        }
    }

    @Test func whoAsksTooOftenIsToldWhenToComeBack() async throws {
        try await TestServer.run({
            $0.limits.anonymousRequestsPerSecond = 0.1
            $0.limits.anonymousRequestBurst = 3
            $0.limits.nodeRequestsPerSecond = 0.1
            $0.limits.nodeRequestBurst = 2
        }) { server in
            // A challenge and a registration have taken two of the three.
            let (_, alice) = try await server.join("alice")
            #expect(try await server.send("POST", "/v1/challenges").status == 200)
            for _ in 0..<2 { #expect(try await server.send("GET", "/v1/peers", headers: [alice.authorization]).status == 200) }
            for refused in [
                try await server.send("POST", "/v1/challenges"),
                try await server.send("GET", "/v1/peers", headers: [("Authorization", "Bearer wrong")]),
                try await server.send("GET", "/v1/peers", headers: [alice.authorization]),
            ] {
                #expect(refused.status == 429 && refused.problem == .tooManyRequests)
                let seconds = try #require(refused.headers["Retry-After"].first.flatMap { Int($0) })
                #expect((1...10).contains(seconds))
            }
        }
    }
}
