internal import CLinux
internal import NIOCore

/// Tells the service manager how the server is doing (`sd_notify(3)`): a datagram to the socket named by `NOTIFY_SOCKET`.
package struct ServiceNotifier: Sendable {
    private let path: String?

    /// - Parameter path: the value of `NOTIFY_SOCKET`, a path or an abstract name (`@…`); nil where nobody asks.
    package init(path: String?) {
        self.path = path
    }

    /// The server takes connections; `status` is shown by `systemctl status`.
    package func ready(status: String) { send("READY=1\nSTATUS=\(status)") }

    /// The server reads its configuration again (`Type=notify-reload` wants the monotonic time, in microseconds).
    package func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(NIODeadline.now().uptimeNanoseconds / 1_000)") }

    /// The server drains.
    package func stopping() { send("STOPPING=1") }

    private func send(_ state: String) {
        // A service manager that cannot be told learns it from its own time-out; the server serves all the same.
        if let path { _ = causeway_notify(path, state) }
    }
}
