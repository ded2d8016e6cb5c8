internal import NIOCore
internal import NIOPosix

/// Tells the service manager how the server is doing (`sd_notify(3)`): a datagram to the socket named by `NOTIFY_SOCKET`.
package struct ServiceNotifier: Sendable {
    private let path: String?

    /// - Parameter path: the value of `NOTIFY_SOCKET`; nil where nobody asks. Abstract sockets (`@…`) are not supported.
    package init(path: String?) {
        self.path = path
    }

    /// The server takes connections; `status` is shown by `systemctl status`.
    package func ready(status: String) async { await send("READY=1\nSTATUS=\(status)") }

    /// The server reads its configuration again (`Type=notify-reload` wants the monotonic time, in microseconds).
    package func reloading() async {
        await send("RELOADING=1\nMONOTONIC_USEC=\(NIODeadline.now().uptimeNanoseconds / 1_000)")
    }

    /// The server drains.
    package func stopping() async { await send("STOPPING=1") }

    private func send(_ state: String) async {
        guard let path, path.hasPrefix("/") else { return }
        do {
            let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: path).get()
            let remote = try SocketAddress(unixDomainSocketPath: path)
            try await channel.writeAndFlush(AddressedEnvelope(remoteAddress: remote, data: ByteBuffer(string: state)))
            try await channel.close()
        } catch {
            // A service manager that cannot be told learns it from its own time-out; the server serves all the same.
        }
    }
}
