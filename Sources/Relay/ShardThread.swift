internal import CLinux
internal import CryptoBox
internal import Glibc
internal import Logging
internal import Wire

/// The thread of one shard.
final class ShardThread: Sendable {
    /// What the thread is started with; it takes the only reference.
    private final class Start: Sendable {
        let index: Int
        let configuration: RelayConfiguration
        let serverKey: NodePrivateKey
        let admission: any RelayAdmission
        let fabric: Fabric

        init(
            _ index: Int, _ configuration: RelayConfiguration, _ serverKey: NodePrivateKey, _ admission: any RelayAdmission,
            _ fabric: Fabric
        ) {
            self.index = index
            self.configuration = configuration
            self.serverKey = serverKey
            self.admission = admission
            self.fabric = fabric
        }
    }

    private let thread: pthread_t

    /// Starts the thread; nil when the system has none left.
    init?(index: Int, configuration: RelayConfiguration, serverKey: NodePrivateKey, admission: any RelayAdmission, fabric: Fabric)
    {
        let start = Unmanaged.passRetained(Start(index, configuration, serverKey, admission, fabric))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                ShardThread.run(Unmanaged<Start>.fromOpaque(argument).takeRetainedValue())
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            errno = code
            return nil
        }
        causeway_name_thread(thread, "relay-\(index)")
        self.thread = thread
    }

    /// Waits for the thread's end; once.
    func join() {
        pthread_join(thread, nil)
    }

    private static func run(_ start: Start) {
        let shard = Shard(
            index: start.index, configuration: start.configuration, serverKey: start.serverKey, admission: start.admission,
            fabric: start.fabric)
        guard var shard else {
            start.configuration.logger.critical("a relay shard cannot start", metadata: ["errno": "\(errno)"])
            return
        }
        shard.run()
    }
}
