/// Why a server ended a relay connection: one counter and one log value each.
package enum CloseReason: Int, CaseIterable, Sendable {
    // The client's doing, in the order of a connection's life.
    /// The client did not send a whole `clientInfo` in time.
    case loginTimeout
    /// The first frame was no `clientInfo`, or a frame came while admission was being asked.
    case unexpectedFrame
    /// The `clientInfo` was shorter or longer than the protocol allows.
    case badClientInfoSize
    /// The client's key has low order: anyone could have sealed the box.
    case lowOrderKey
    /// The box did not open: not sealed by that key for this server.
    case badBox
    /// The JSON in the box was malformed or of wrong types.
    case badClientInfo
    /// The client's key may not use this relay.
    case admissionDenied
    /// The admission decision did not come in time.
    case admissionTimeout
    /// A packet frame was too short for its keys or held more than 64 KiB.
    case badPacketSize
    /// A ping was shorter than 8 or longer than 1,000 bytes.
    case badPingSize
    /// A note of the preferred server was not one byte.
    case badNoteSize
    /// A mesh frame came from a client without the mesh key.
    case notMeshPeer
    /// A mesh frame had a wrong length.
    case badMeshFrame
    /// The WebSocket framing around the stream was broken.
    case badWebSocket
    /// The client closed the connection.
    case closedByClient
    // The connection's.
    /// Reading or writing failed.
    case connectionFailed
    /// The TLS layer reported an error.
    case tlsFailed
    /// The client took nothing for too long while data was waiting.
    case writeTimeout
    // The server's.
    /// Another relay of the region asked for it.
    case closedByMesh
    /// The node was removed, expired, or moved to another network.
    case revoked
    /// The server's limits leave no room for the connection.
    case limitReached
    /// The server is shutting down.
    case shuttingDown

    /// The label of statistics and logs.
    package var label: String {
        switch self {
        case .loginTimeout: "login_timeout"
        case .unexpectedFrame: "unexpected_frame"
        case .badClientInfoSize: "bad_client_info_size"
        case .lowOrderKey: "low_order_key"
        case .badBox: "bad_box"
        case .badClientInfo: "bad_client_info"
        case .admissionDenied: "admission_denied"
        case .admissionTimeout: "admission_timeout"
        case .badPacketSize: "bad_packet_size"
        case .badPingSize: "bad_ping_size"
        case .badNoteSize: "bad_note_size"
        case .notMeshPeer: "not_mesh_peer"
        case .badMeshFrame: "bad_mesh_frame"
        case .badWebSocket: "bad_websocket"
        case .closedByClient: "closed_by_client"
        case .connectionFailed: "connection_failed"
        case .tlsFailed: "tls_failed"
        case .writeTimeout: "write_timeout"
        case .closedByMesh: "closed_by_mesh"
        case .revoked: "revoked"
        case .limitReached: "limit_reached"
        case .shuttingDown: "shutting_down"
        }
    }

    /// Whether what waited for the client could not be written any more.
    package var isFailure: Bool {
        switch self {
        case .connectionFailed, .tlsFailed, .writeTimeout: true
        case .loginTimeout, .unexpectedFrame, .badClientInfoSize, .lowOrderKey, .badBox, .badClientInfo, .admissionDenied,
            .admissionTimeout, .badPacketSize, .badPingSize, .badNoteSize, .notMeshPeer, .badMeshFrame, .badWebSocket,
            .closedByClient, .closedByMesh, .revoked, .limitReached, .shuttingDown:
            false
        }
    }
}
