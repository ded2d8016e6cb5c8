internal import Coordination
internal import Foundation
internal import HTTPTypes
internal import Hummingbird

/// `/v1/admin`: what operators ask of coordination, over the Unix socket or with the admin token.
struct AdminRoutes: Sendable {
    let service: CoordinationService
    let advertisement: Late<Advertisement>
    let statistics: @Sendable () async -> StatisticsReport
    /// Throws unless the request may do this.
    let authorize: @Sendable (Exchange) throws -> Void

    /// Pairs in one answer.
    private static let maximumPairCount = 10_000

    func add(to routes: inout Routes) {
        add(.get, "/v1/admin/networks", networks, to: &routes)
        add(.post, "/v1/admin/networks", createNetwork, to: &routes)
        add(.delete, "/v1/admin/networks/{id}", removeNetwork, to: &routes)
        add(.get, "/v1/admin/join-keys", joinKeys, to: &routes)
        add(.post, "/v1/admin/join-keys", createJoinKey, to: &routes)
        add(.delete, "/v1/admin/join-keys/{id}", revokeJoinKey, to: &routes)
        add(.get, "/v1/admin/nodes", nodes, to: &routes)
        add(.get, "/v1/admin/nodes/{id}", node, to: &routes)
        add(.patch, "/v1/admin/nodes/{id}", changeNode, to: &routes)
        add(.delete, "/v1/admin/nodes/{id}", removeNode, to: &routes)
        add(.get, "/v1/admin/pairs", pairs, to: &routes)
        add(.get, "/v1/admin/audit", audit, to: &routes)
        add(.get, "/v1/admin/stats", { _ in try JSONForm.response(await statistics()) }, to: &routes)
    }

    private func add(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Routes.Handler, to routes: inout Routes) {
        routes.on(method, path) { exchange in
            try authorize(exchange)
            return try await handler(exchange)
        }
    }

    // MARK: - Networks

    private func networks(_ exchange: Exchange) async throws -> Response {
        try JSONForm.response(await service.read { registry, _ in registry.networkList() })
    }

    private func createNetwork(_ exchange: Exchange) async throws -> Response {
        let message = try await JSONForm.read(NewNetwork.self, from: exchange.request)
        let network = try await service.perform { registry, now, _, effects in
            try registry.createNetwork(message, from: exchange.source, at: now, effects: &effects)
        }
        return try JSONForm.response(network, status: .created)
    }

    private func removeNetwork(_ exchange: Exchange) async throws -> Response {
        guard let number = UInt32(exchange.parameters[0]) else { throw Problem(.networkUnknown) }
        try await service.perform { registry, now, _, effects in
            try registry.removeNetwork(NetworkID(rawValue: number), from: exchange.source, at: now, effects: &effects)
        }
        return Response(status: .noContent)
    }

    // MARK: - Join keys

    private func joinKeys(_ exchange: Exchange) async throws -> Response {
        try JSONForm.response(await service.read { registry, now in registry.joinKeyList(at: now) })
    }

    private func createJoinKey(_ exchange: Exchange) async throws -> Response {
        let message = try await JSONForm.read(NewJoinKey.self, from: exchange.request)
        var created = try await service.perform { registry, now, random, effects in
            try registry.createJoinKey(message, from: exchange.source, at: now, using: &random, effects: &effects)
        }
        created.line = try advertisement.get().joinLine(created.secret)?.secretText
        return try JSONForm.response(created, status: .created)
    }

    private func revokeJoinKey(_ exchange: Exchange) async throws -> Response {
        let unknown = Problem(.notFound, detail: "there is no join key of that number")
        guard let number = Int64(exchange.parameters[0]) else { throw unknown }
        do {
            let key = try await service.perform { registry, now, _, effects in
                try registry.revokeJoinKey(JoinKeyID(rawValue: number), from: exchange.source, at: now, effects: &effects)
            }
            return try JSONForm.response(key)
        } catch let problem as Problem where problem.problemType == .joinKeyUnknown {
            // For a registration an unknown key is a refusal, here it is a wrong address.
            throw unknown
        }
    }

    // MARK: - Nodes

    private func nodes(_ exchange: Exchange) async throws -> Response {
        let name = exchange.query("network")
        await service.refreshPresence()
        return try JSONForm.response(
            await service.read { registry, now in
                registry.nodeList(in: try name.map { try registry.network(named: $0) }, at: now)
            })
    }

    private func node(_ exchange: Exchange) async throws -> Response {
        let id = try node(of: exchange)
        await service.refreshPresence()
        return try JSONForm.response(await service.read { registry, now in try registry.nodeDescription(id, at: now) })
    }

    private func changeNode(_ exchange: Exchange) async throws -> Response {
        let id = try node(of: exchange)
        let change = try await JSONForm.read(NodeChange.self, from: exchange.request)
        let node = try await service.perform { registry, now, _, effects in
            try registry.changeNode(id, change, from: exchange.source, at: now, effects: &effects)
        }
        return try JSONForm.response(node)
    }

    private func removeNode(_ exchange: Exchange) async throws -> Response {
        let id = try node(of: exchange)
        try await service.perform { registry, now, _, effects in
            try registry.removeNode(id, from: exchange.source, at: now, effects: &effects)
        }
        return Response(status: .noContent)
    }

    private func node(of exchange: Exchange) throws -> NodeID {
        guard let number = Int64(exchange.parameters[0]) else { throw Problem(.nodeUnknown) }
        return NodeID(rawValue: number)
    }

    // MARK: - Reports

    private func pairs(_ exchange: Exchange) async throws -> Response {
        let name = exchange.query("network")
        return try JSONForm.response(
            await service.read { registry, _ in
                registry.pairs(in: try name.map { try registry.network(named: $0) }, limit: Self.maximumPairCount)
            })
    }

    private func audit(_ exchange: Exchange) async throws -> Response {
        let before = try number("before", of: exchange, in: 1...Int64.max)
        let limit = try number("limit", of: exchange, in: 1...1_000) ?? 100
        return try JSONForm.response(
            await service.read { registry, _ in registry.auditLog(before: before, limit: Int(limit)) })
    }

    private func number(_ name: String, of exchange: Exchange, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let text = exchange.query(name) else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw Problem(.invalidRequest, detail: "\(name) is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
