internal import CryptoBox
package import Logging
package import Wire

/// Everything that an operator can decide, read once at start.
///
/// The value of a property here is the default that `Config/causeway-server.yaml` documents.
package struct Settings: Sendable, Equatable {
    /// The directory of the database, the server's private key, the self-signed certificate and the admin socket.
    package var data = "/var/lib/causeway"
    /// The name that clients are shown; empty for the host's name.
    package var name = ""
    /// Where HTTPS, coordination and the relay listen; empty for `[::]:443` (`0.0.0.0:443` without IPv6). Port 0 picks one.
    package var listen: [Endpoint] = []
    /// Names or addresses under which clients reach this server; empty for those of its interfaces.
    package var publicHosts: [String] = []
    /// Whether the listeners speak plain HTTP: for development, or behind a proxy that ends TLS.
    package var plainHTTP = false
    /// Where `/stats`, `/metrics` and the status page listen; nil for nowhere.
    package var admin: Endpoint? = Endpoint(IPAddress(127, 0, 0, 1), 9478)
    /// Proxies whose `X-Forwarded-For` is believed.
    package var trustedProxies: [AddressPrefix] = []
    /// Names that clients may look up here while their own DNS fails.
    package var bootstrapNames: [String] = []

    /// How long a node is admitted before it needs a join key again; nil for ever.
    package var nodeLifetime: Duration?

    package var tls = TLS()
    package var stun = STUN()
    package var admission = Admission()
    package var relay = Relay()
    package var limits = Limits()
    package var log = Log()

    package init() {}

    package struct TLS: Sendable, Equatable {
        /// A PEM file with the certificate chain, the leaf first; empty for a self-signed certificate.
        package var certificate = ""
        /// The PEM file with the leaf's private key.
        package var key = ""
    }

    package struct STUN: Sendable, Equatable {
        /// Where STUN answers over UDP; empty for port 3478 of all addresses.
        package var listen: [Endpoint] = []
        /// The second address and port of RFC 5780 behaviour discovery; nil turns it off.
        package var alternate: Endpoint?
        /// Whether STUN answers at all.
        package var isEnabled = true
    }

    /// Who may use the relay.
    package struct Admission: Sendable, Equatable {
        package enum Mode: String, Sendable, CaseIterable {
            /// Nodes that this server's coordination knows, each inside its network.
            case registered
            /// Anyone: an open relay.
            case open
            /// The node keys of a file.
            case list
            /// The nodes that another server vouches for.
            case url
        }

        package var mode = Mode.registered
        /// The file of node keys for `list`, one a line.
        package var list = ""
        /// The question's address for `url`.
        package var url = ""
    }

    package struct Relay: Sendable, Equatable {
        /// Threads that forward packets; 0 for one per processor.
        package var shards = 0
        /// The file with the 64 digits that other relays prove themselves with; empty for none.
        package var meshKey = ""
        /// How long a destination may take nothing while something waits for it before it is cut off.
        package var writeTimeout = Duration.seconds(3)
        /// Bytes a second that one client may send; 0 for any number.
        package var bytesPerSecond = 0
        /// Bytes that a client may send at once under that rate.
        package var burstBytes = 0
        /// Connections to the relay at most, in all; 0 for as many as the process may have descriptors.
        package var connections = 0
    }

    /// Bounds of the HTTP side.
    package struct Limits: Sendable, Equatable {
        /// Connections at most that have not become relay connections, handshakes included.
        package var connections = 4_096
        /// Those of one source address: an office's worth of machines. This host and trusted proxies are exempt.
        package var connectionsPerSource = 512
        /// Requests that one source address may make per second in the long run.
        package var requestsPerSecond = 100.0
        /// Requests that one source address may make at once.
        package var requestBurst = 1_000.0
        /// API requests without a valid token that a network of sources (/24, /56) may make per second, and at once.
        package var anonymousRequestsPerSecond = 20.0
        package var anonymousRequestBurst = 200.0
        /// API requests that one node may make per second, and at once.
        package var nodeRequestsPerSecond = 10.0
        package var nodeRequestBurst = 100.0
        /// Nodes of one network at most.
        package var nodesPerNetwork = 10_000
        /// Open peer streams at most, in all.
        package var streams = 4_096
    }

    package struct Log: Sendable, Equatable {
        package enum Format: String, Sendable, CaseIterable {
            case text
            case json
        }

        package var format = Format.text
        package var level = Logger.Level.info
    }
}
