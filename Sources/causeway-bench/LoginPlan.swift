internal import TLS
internal import Wire

/// How links are made and log in.
struct LoginPlan {
    let endpoint: Endpoint
    let authority: String
    /// Nil for plain connections.
    let context: TLSContext?
    let peer: TLSPeer?
    /// No HTTP and no login: the link is ready after TLS, and says its number first. What the `floor` server understands.
    var isRaw = false
    /// Lets every link do a full TLS handshake.
    var avoidsResumption = false
}
