internal import Coordination
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// What anyone may ask: the DERP map, probes, health and two small pages.
struct PublicRoutes: Sendable {
    let advertisement: Late<Advertisement>
    let bootstrapNames: BootstrapNames
    /// Whether the server does its whole work: false while it drains, and from a write that the database
    /// refuses until what is in memory is again what is on disk.
    let isReady: @Sendable () async -> Bool

    func add(to routes: inout Routes) {
        routes.on(.get, "/derpmap.json") { _ in try JSONForm.response(DERPMap(advertisement.get())) }
        routes.on(.get, "/derp") { _ in
            var response = Self.text("DERP requires connection upgrade\n", status: .upgradeRequired)
            response.headers[.upgrade] = "DERP"
            response.headers[.connection] = "close"
            return response
        }
        for path in ["/derp/probe", "/derp/latency-check"] {
            routes.on(.get, path) { _ in Response(status: .ok, headers: [.accessControlAllowOrigin: "*"]) }
        }
        routes.on(.get, "/generate_204", generate204)
        routes.on(.get, "/robots.txt") { _ in Self.text("User-agent: *\nDisallow: /\n") }
        routes.on(.get, "/") { _ in Self.homePage.response }
        routes.on(.get, "/bootstrap-dns") { exchange in
            var response = try JSONForm.response(bootstrapNames.answer(for: exchange.query("q")))
            response.headers[.connection] = "close"
            return response
        }
        Self.addHealth(to: &routes, isReady: isReady)
    }

    /// The two pages by which a machine watches the server.
    static func addHealth(to routes: inout Routes, isReady: @escaping @Sendable () async -> Bool) {
        routes.on(.get, "/healthz") { _ in text("ok\n") }
        routes.on(.get, "/readyz") { _ in
            guard await isReady() else {
                throw Problem(.unavailable, detail: "The server starts or stops, or its database fails.", retryAfterSeconds: 1)
            }
            return text("ok\n")
        }
    }

    /// The captive-portal test: a client sends a challenge that a portal would not know to answer.
    private func generate204(_ exchange: Exchange) -> Response {
        var headers: HTTPFields = [.cacheControl: "no-cache, no-store, must-revalidate, no-transform, max-age=0"]
        if let asked = HTTPField.Name("X-Tailscale-Challenge"), let answer = HTTPField.Name("X-Tailscale-Response"),
            let challenge = exchange.request.headers[asked], (1...64).contains(challenge.utf8.count),
            challenge.utf8.allSatisfy(Self.isChallengeCharacter)
        {
            headers[answer] = "response \(challenge)"
        }
        return Response(status: .noContent, headers: headers)
    }

    private static func isChallengeCharacter(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private static let homePage: HTMLPage = {
        var page = HTMLPage(title: "Causeway")
        page.addHeading("Causeway", level: 1)
        page.addParagraph(
            "This server helps machines behind NATs and firewalls to reach each other: directly where that is possible, by its relay where not."
        )
        page.addLinks([("API", "/v1/openapi.yaml"), ("DERP map", "/derpmap.json")])
        return page
    }()
}
