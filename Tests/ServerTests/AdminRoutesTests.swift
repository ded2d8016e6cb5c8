import Coordination
import Foundation
import Testing

@testable import Server

@Suite(.timeLimit(.minutes(1))) struct AdminRoutesTests {
    @Test func nobodyIsAdminWithoutTheToken() async throws {
        try await TestServer.run { server in
            let (_, node) = try await server.join("alice")
            for headers in [[], [("Authorization", "Bearer cwa_AAAA")], [node.authorization]] {
                for (method, path) in [
                    ("GET", "/v1/admin/nodes"), ("POST", "/v1/admin/join-keys"), ("DELETE", "/v1/admin/nodes/1"),
                    ("GET", "/v1/admin/audit"), ("GET", "/v1/admin/stats"),
                ] {
                    #expect(try await server.send(method, path, headers: headers).status == 401, "\(method) \(path)")
                }
            }
        }
    }

    @Test func theTokenOpensTheAdminAPIAndAnotherReplacesIt() async throws {
        try await TestServer.run { server in
            let first = try KeyMaker.make(.admin, data: server.directory.path, isJSON: false)
            func status(_ token: String) async throws -> Int {
                try await server.send("GET", "/v1/admin/nodes", headers: [("Authorization", "Bearer \(token)")]).status
            }
            #expect(try await status(first) == 200)
            let second = try KeyMaker.make(.admin, data: server.directory.path, isJSON: false)
            #expect(try await status(first) == 401)
            #expect(try await status(second) == 200)
            let stored = try String(contentsOfFile: server.directory.adminTokenFile, encoding: .utf8)
            #expect(!stored.contains(second))
        }
    }

    @Test func networksComeAndGo() async throws {
        try await TestServer.run { server in
            let created = try await server.administer("POST", "/v1/admin/networks", json: #"{"name":"Lab"}"#)
            #expect(created.status == 201)
            let network = try #require(created.decoded(NetworkDescription.self))
            #expect(network.name == "lab")
            #expect(try await server.administer("POST", "/v1/admin/networks", json: #"{"name":"lab"}"#).problem == .nameTaken)
            #expect(try await server.administer("POST", "/v1/admin/networks", json: #"{"name":"-"}"#).status == 422)
            let key = try await server.joinKey(NewJoinKey(network: "lab"))
            let (_, node) = try await server.join("alice", key)
            #expect(try await server.administer("DELETE", "/v1/admin/networks/\(network.id)").problem == .networkNotEmpty)
            #expect(try await server.administer("DELETE", "/v1/admin/nodes/\(node.node.id)").status == 204)
            #expect(try await server.administer("DELETE", "/v1/admin/networks/\(network.id)").status == 204)
            #expect(try await server.administer("DELETE", "/v1/admin/networks/\(network.id)").status == 404)
            #expect(try await server.administer("DELETE", "/v1/admin/networks/1").status == 403)
            #expect(try await server.administer("DELETE", "/v1/admin/networks/one").status == 404)
        }
    }

    @Test func nodesOfOtherNetworksAreInvisible() async throws {
        try await TestServer.run { server in
            try await server.administer("POST", "/v1/admin/networks", json: #"{"name":"lab"}"#)
            let (_, alice) = try await server.join("alice")
            _ = try await server.join("carol", try await server.joinKey(NewJoinKey(network: "lab")))
            let list = try await server.send("GET", "/v1/peers", headers: [alice.authorization]).decoded(PeerList.self)
            #expect(list?.peers.isEmpty == true)
            let lab = try await server.administer("GET", "/v1/admin/nodes?network=lab").decoded(NodeList.self)
            #expect(lab?.nodes.map(\.node.name) == ["carol"])
            #expect(try await server.administer("GET", "/v1/admin/nodes?network=none").problem == .networkUnknown)
        }
    }

    @Test func aRevokedJoinKeyAdmitsNobody() async throws {
        try await TestServer.run { server in
            let created = try await server.administer("POST", "/v1/admin/join-keys", json: "{}").decoded(CreatedJoinKey.self)
            let key = try #require(created)
            #expect(key.line?.contains(key.secret.secretText) == true)
            let revoked = try await server.administer("DELETE", "/v1/admin/join-keys/\(key.joinKey.id)")
            #expect(revoked.decoded(JoinKeyDescription.self)?.state == .revoked)
            #expect(try await server.register(TestNode(), joinKey: key.secret).problem == .joinKeyRevoked)
            #expect(try await server.administer("DELETE", "/v1/admin/join-keys/999").status == 404)
        }
    }

    @Test func theConsoleDoesWhatItsCommandsSay() async throws {
        try await TestServer.run { server in
            let console = OperatorConsole(data: server.directory.path)
            let line = try await console.invite(OperatorConsole.JoinKeyWish())
            #expect(try JoinLine(parsing: line).isPlainHTTP)
            _ = try await server.join("alice")
            try await console.rename("alice", to: "anna")
            #expect(try await console.nodes().contains("anna"))
            try await console.expire("anna", at: nil)
            #expect(try await console.nodes().contains("expired"))
            try await console.expire("anna", at: "never")
            #expect(!(try await console.nodes().contains("expired")))
            try await console.remove("anna")
            #expect(!(try await console.nodes().contains("anna")))
            _ = try await console.createNetwork("lab")
            #expect(try await console.networks().contains("lab"))
            try await console.removeNetwork("lab")
            #expect(!(try await console.networks().contains("lab")))
            #expect(try await console.statistics().contains("uptime"))
            #expect(try await console.joinKeys().contains("made at start"))
            let error = try await #require(throws: StartError.self) { try await console.remove("nobody") }
            #expect(error.status == .refused)
        }
    }

    @Test func withoutAServerTheConsoleSaysSo() async throws {
        let error = await #expect(throws: StartError.self) { try await OperatorConsole(data: "/nonexistent").nodes() }
        #expect(error?.status == .notRunning)
    }

    @Test func theAuditLogTellsWhatWasDone() async throws {
        try await TestServer.run { server in
            _ = try await server.join("alice")
            let log = try #require(try await server.administer("GET", "/v1/admin/audit?limit=2").decoded(AuditLog.self))
            #expect(log.entries.count == 2)
            #expect(log.entries.first?.action == .nodeRegistered)
            #expect(try await server.administer("GET", "/v1/admin/audit?limit=0").status == 400)
            #expect(try await server.administer("GET", "/v1/admin/audit?before=x").status == 400)
        }
    }
}
