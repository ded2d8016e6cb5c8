internal import CLinux
internal import CryptoBox
internal import Glibc

/// The thread of one shard.
final class ShardThread: Sendable {
    /// What the thread is started with; it takes the only reference.
    private final class Start: Sendable {
        let index: Int
        /// The shard's epoll set, which belongs to whoever runs it.
        let epoll: Int32
        let configuration: RelayConfiguration
        let serverKey: NodePrivateKey
        let admission: any RelayAdmission
        let fabric: Fabric

        init(
            _ index: Int, _ epoll: Int32, _ configuration: RelayConfiguration, _ serverKey: NodePrivateKey,
            _ admission: any RelayAdmission, _ fabric: Fabric
        ) {
            self.index = index
            self.epoll = epoll
            self.configuration = configuration
            self.serverKey = serverKey
            self.admission = admission
            self.fabric = fabric
        }
    }

    private let thread: pthread_t

    /// Starts the thread; nil, with `errno`, when the system has no thread or no descriptor left.
    init?(index: Int, configuration: RelayConfiguration, serverKey: NodePrivateKey, admission: any RelayAdmission, fabric: Fabric)
    {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { return nil }
        guard causeway_watch_input(number, fabric.mailboxes[index].bellNumber, 0) == 0 else {
            close(number)
            return nil
        }
        let start = Unmanaged.passRetained(Start(index, number, configuration, serverKey, admission, fabric))
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
            close(number)
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
        var shard = Shard(
            index: start.index, epoll: OwnedDescriptor(taking: start.epoll), configuration: start.configuration,
            serverKey: start.serverKey, admission: start.admission, fabric: start.fabric)
        shard.run()
    }
}
