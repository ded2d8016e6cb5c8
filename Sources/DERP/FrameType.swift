/// The kinds of DERP frames. `C` is a client, `S` a server, `M` a client that showed the mesh key.
package enum FrameType: UInt8, CaseIterable, Sendable {
    /// S→C: magic and the server's public key; always the server's first frame.
    case serverKey = 0x01
    /// C→S: the client's public key and its sealed `ClientInfo`; always the client's first frame.
    case clientInfo = 0x02
    /// S→C: the sealed `ServerInfo`, once the client is registered.
    case serverInfo = 0x03
    /// C→S: destination key and data.
    case sendPacket = 0x04
    /// S→C: source key and data.
    case receivedPacket = 0x05
    /// S→C: empty, once a minute.
    case keepAlive = 0x06
    /// C→S: one byte, not zero when this server is the client's home.
    case notePreferred = 0x07
    /// S→C: a key and why it is not reachable here.
    case peerGone = 0x08
    /// S→M: a key that is connected here, its address and flags.
    case peerPresent = 0x09
    /// M→S: source key, destination key and data, from another relay of the region.
    case forwardPacket = 0x0a
    /// M→S: asks for `peerPresent` and `peerGone` of every client.
    case watchConnections = 0x10
    /// M→S: a key whose connections are to be closed.
    case closePeer = 0x11
    /// Both ways: eight bytes to be sent back.
    case ping = 0x12
    /// Both ways: the eight bytes of a ping.
    case pong = 0x13
    /// S→C: what is wrong with the connection, as text; empty when all is well again.
    case health = 0x14
    /// S→C: the server is about to restart.
    case restarting = 0x15
}
