internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The operator's listener: statistics, metrics and the status page.
struct OperatorRoutes: Sendable {
    let statistics: @Sendable () async -> StatisticsReport
    let connections: @Sendable () async -> [ConnectionReport]
    let status: @Sendable () async throws -> StatusPage

    func add(to routes: inout Routes) {
        routes.on(.get, "/stats") { _ in try JSONForm.response(await statistics()) }
        routes.on(.get, "/stats/connections") { _ in try JSONForm.response(await connections()) }
        routes.on(.get, "/metrics") { _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: await statistics().metrics)))
        }
        routes.on(.get, "/") { _ in try await status().page.response }
    }
}
