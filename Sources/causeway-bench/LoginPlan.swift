internal import TLS
internal import Wire

/// How links are made and log in.
struct LoginPlan {
    let endpoint: Endpoint
    let authority: String
    /// Nil for plain connections.
    let context: TLSContext?
    let peer: TLSPeer?
    /// No HTTP and no login: the link says its number and is ready when it is greeted. What the `floor` server understands.
    var isRaw = false
    /// TLS sessions are kept for so many clients, whose links follow each other in turn. With one client for each link none is resumed.
    var clients = 1

    /// The server as the client of a link knows it: each client under another address literal. Literals are not sent, and sessions are kept
    /// by them.
    func peer(ofLink link: Int) -> TLSPeer? {
        let client = link % clients
        guard let peer, client > 0, IPAddress(peer.host) != nil else { return peer }
        return TLSPeer(host: "10.\(client >> 16 & 0xff).\(client >> 8 & 0xff).\(client & 0xff)", proof: peer.proof)
    }
}
