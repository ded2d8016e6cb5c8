internal import Coordination
internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Wire

/// Turns requests of a listener into exchanges and writes the answers.
struct HTTPResponder: Sendable {
    let routes: Routes
    let trustedProxies: [AddressPrefix]
    /// Requests per source address; nil where everybody is trusted (the Unix socket, the operator's listener).
    let limiter: RequestLimiter<IPAddress>?
    let responses: ResponseCounts
    let logger: Logger

    /// A connection that must end: its decoder, its peer or its body cannot be trusted to go on.
    private struct ConnectionEnds: Error {}

    func respond(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let source = ClientAddress.of(channel.remoteAddress)
            .map { ClientAddress.behindProxies(peer: $0, headers: request.headers, trusted: trustedProxies) }
        var response = await answer(
            Exchange(request: request, source: source, logger: logger, close: { channel.close(promise: nil) }))
        // NIO's decoder stops for good after a request that wants an upgrade it does not get.
        if request.headers[.upgrade] != nil { response.headers[.connection] = "close" }
        response.headers[.date] = Self.date()
        responses.count(status: response.status.code)
        let ends = response.headers[.connection] == "close"
        try await writer.write(response: response.head, body: response.body)
        if ends { throw ConnectionEnds() }
    }

    private func answer(_ exchange: Exchange) async -> Response {
        if let limiter, let source = exchange.source {
            if let seconds = limiter.retryAfter(source.site, at: MonotonicClock.now) {
                return Problem(.tooManyRequests, retryAfterSeconds: seconds).response
            }
        }
        return await routes.respond(to: exchange)
    }

    /// The current time as RFC 9110 §5.6.7 wants it.
    private static func date() -> String {
        var seconds = time(nil)
        var civil = tm()
        gmtime_r(&seconds, &civil)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func padded(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let clock = [civil.tm_hour, civil.tm_min, civil.tm_sec].map(padded).joined(separator: ":")
        let date = "\(padded(civil.tm_mday)) \(months[Int(civil.tm_mon)]) \(civil.tm_year + 1_900)"
        return "\(days[Int(civil.tm_wday)]), \(date) \(clock) GMT"
    }
}
