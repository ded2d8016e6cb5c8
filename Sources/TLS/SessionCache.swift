internal import COpenSSL
internal import NIOConcurrencyHelpers

/// The sessions that a client may resume, one for each server.
///
/// A bounded table: when it is full an arbitrary entry goes. A session is used again only for the same host with the same proof, since
/// a resumed handshake shows no certificate.
final class SessionCache: Sendable {
    /// A client talks to a few relays; more only when it measures many.
    private static let capacity = 64

    /// One reference to libssl's `SSL_SESSION`, whose count and content the library guards.
    private final class Entry: @unchecked Sendable {
        let pointer: OpaquePointer

        init(owning pointer: OpaquePointer) { self.pointer = pointer }

        deinit { SSL_SESSION_free(pointer) }
    }

    private let entries = NIOLockedValueBox<[TLSPeer: Entry]>([:])

    /// Takes over one reference to a session.
    func store(_ session: OpaquePointer, for peer: TLSPeer) {
        let entry = Entry(owning: session)
        entries.withLockedValue { entries in
            if entries.count >= Self.capacity, entries[peer] == nil, let victim = entries.keys.first {
                entries[victim] = nil
            }
            entries[peer] = entry
        }
    }

    /// Sets the session to resume with `peer`, if there is one. Those of TLS 1.3 are used once (RFC 8446 §C.4).
    func resume(_ peer: TLSPeer, on ssl: OpaquePointer) {
        let entry = entries.withLockedValue { entries in
            guard let entry = entries[peer] else { return Entry?.none }
            if SSL_SESSION_get_protocol_version(entry.pointer) == TLS1_3_VERSION { entries[peer] = nil }
            return entry
        }
        guard let entry, SSL_SESSION_is_resumable(entry.pointer) == 1 else { return }
        SSL_set_session(ssl, entry.pointer)
    }
}
