internal import Foundation
internal import Glibc
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOPosix
internal import ServiceLifecycle
internal import Wire

/// The addresses of names that clients may ask for while their own DNS fails: derper's `/bootstrap-dns`.
///
/// The names are the operator's, such as that of his control server. They are looked up beside the requests, never for one.
struct BootstrapNames: Service {
    private let names: [String]
    private let addresses = NIOLockedValueBox<[String: [String]]>([:])
    private let resolve: @Sendable (String) -> [IPAddress]
    private let logger: Logger

    /// The time between two rounds, and the shorter one after a round in which a name had no answer.
    private static let interval = Duration.seconds(600)
    private static let retryInterval = Duration.seconds(60)

    /// - Parameter resolve: looks a name up and may block; empty when there is no answer.
    init(names: [String], logger: Logger, resolve: @escaping @Sendable (String) -> [IPAddress] = Self.lookUp) {
        self.names = names
        self.logger = logger
        self.resolve = resolve
    }

    /// What is known: of `name` alone if it is one of the names, else of all.
    func answer(for name: String?) -> [String: [String]] {
        let known = addresses.withLockedValue { $0 }
        guard let name = name?.lowercased(), let found = known[name] else { return known }
        return [name: found]
    }

    func run() async throws {
        guard !names.isEmpty else {
            try? await gracefulShutdown()  // Nothing to do; only cancellation ends the wait otherwise.
            return
        }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let isComplete = await refresh()
                // Cancellation ends the sleep and then the loop.
                try? await Task.sleep(for: isComplete ? Self.interval : Self.retryInterval)
            }
        }
    }

    /// Looks every name up once, and tells whether each had an answer. A name without one keeps its last addresses.
    func refresh() async -> Bool {
        var isComplete = true
        for name in names {
            let resolve = resolve
            // The pool ends with the process only, when nobody asks any more.
            let found = (try? await NIOThreadPool.singleton.runIfActive { resolve(name) }) ?? []
            if found.isEmpty {
                isComplete = false
                logger.warning("a bootstrap name has no address", metadata: ["name": "\(name)"])
            } else {
                addresses.withLockedValue { $0[name.lowercased()] = found.map(\.description) }
            }
        }
        return isComplete
    }

    /// Asks the system's resolver, each address once.
    private static func lookUp(_ name: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var found: [IPAddress] = []
        var next = first
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(text.count)
            if getnameinfo(entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0,
                let address = IPAddress(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)),
                !found.contains(address)
            {
                found.append(address)
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}
