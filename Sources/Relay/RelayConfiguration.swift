package import DERP
internal import Glibc
package import Logging

/// What an operator may change while the relay runs.
package struct RelayLimits: Sendable, Equatable {
    /// How many bytes a second one client may send, frame heads included; 0 means without limit.
    ///
    /// Over the limit the relay reads no further, so that TCP slows the client down; nothing is dropped. Mesh connections are exempt.
    package var bytesPerSecond: Int
    /// How many bytes a client may send at once under that rate; raised to one frame of the largest size.
    package var burstBytes: Int
    /// How many connections the relay holds at most; 0 means as many as the process may have descriptors.
    package var maximumConnections: Int

    package init(bytesPerSecond: Int = 0, burstBytes: Int = 0, maximumConnections: Int = 0) {
        self.bytesPerSecond = max(0, bytesPerSecond)
        self.burstBytes = max(burstBytes, PacketLayout.prefixCount + Limits.maximumPacketCount)
        self.maximumConnections = max(0, maximumConnections)
    }
}

/// How a relay is set up. Only `limits` can change later.
package struct RelayConfiguration: Sendable {
    /// Threads that move packets.
    package var shardCount: Int
    package var limits: RelayLimits
    /// What other relays of the region must show; nil when there are none.
    package var meshKey: MeshKey?
    /// How long a client may take to log in, counted from the hand-off.
    package var loginTimeout: Duration
    /// How long an admission decision may take.
    package var admissionTimeout: Duration
    /// The time between two keep-alives of a connection, without its random part.
    package var keepAliveInterval: Duration
    /// The largest random part of it.
    package var keepAliveJitter: Duration
    /// A client that takes nothing for so long while data waits for it is cut off.
    package var writeTimeout: Duration
    package var logger: Logger

    package init(
        shardCount: Int = RelayConfiguration.defaultShardCount, limits: RelayLimits = RelayLimits(), meshKey: MeshKey? = nil,
        loginTimeout: Duration = Limits.loginTimeout, admissionTimeout: Duration = Limits.admissionTimeout,
        keepAliveInterval: Duration = Limits.keepAliveInterval, keepAliveJitter: Duration = Limits.keepAliveJitter,
        writeTimeout: Duration = .seconds(3), logger: Logger
    ) {
        self.shardCount = min(max(shardCount, 1), Self.maximumShardCount)
        self.limits = limits
        self.meshKey = meshKey
        self.loginTimeout = loginTimeout
        self.admissionTimeout = admissionTimeout
        self.keepAliveInterval = keepAliveInterval
        self.keepAliveJitter = keepAliveJitter
        self.writeTimeout = writeTimeout
        self.logger = logger
    }

    /// One shard per processor this process may use.
    package static var defaultShardCount: Int {
        min(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1), maximumShardCount)
    }

    /// Every two shards have a ring of their own, so their number is bounded.
    static let maximumShardCount = 32
}
