internal import Glibc
internal import Wire

/// What a system call refused, in the system's words.
struct SocketError: Error, CustomStringConvertible {
    let call: String
    let code: Int32

    init(_ call: String, _ code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    var description: String { "\(call): \(String(cString: strerror(code)))" }
}

/// TCP sockets and the clock, as the load loops use them.
enum Sockets {
    /// The monotonic clock.
    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Allows as many descriptors as the system lets us have.
    static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// The first address of a name or literal.
    static func resolve(_ host: String, _ port: UInt16) throws -> Endpoint {
        if let address = IPAddress(host) { return Endpoint(address, port) }
        var list: UnsafeMutablePointer<addrinfo>?
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        let result = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard result == 0, let first = list?.pointee else {
            throw SocketError("cannot resolve \(host)", result == EAI_SYSTEM ? errno : ENOENT)
        }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        getnameinfo(first.ai_addr, first.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        let literal = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let address = IPAddress(literal) else { throw SocketError("cannot resolve \(host)", EAFNOSUPPORT) }
        return Endpoint(address, port)
    }

    /// Begins a TCP connection, from a local address of one's own choice; it is there, or failed, when the descriptor becomes writable.
    static func connect(to endpoint: Endpoint, from source: IPAddress? = nil) throws -> Int32 {
        let family = endpoint.address.isIPv4 ? AF_INET : AF_INET6
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError("socket") }
        setNoDelay(descriptor)
        // A relay that pushes back is to be felt here, not to fill megabytes of the kernel's queue.
        var lowWater: Int32 = 64 << 10
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &lowWater, socklen_t(MemoryLayout<Int32>.size))
        // What the relay delivers is not to wait here unseen either: a client that cannot keep up has a short queue, and then the relay's.
        var capacity: Int32 = 128 << 10
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &capacity, socklen_t(MemoryLayout<Int32>.size))
        if let source, withAddress(of: Endpoint(source, 0), { bind(descriptor, $0, $1) }) != 0 {
            defer { close(descriptor) }
            throw SocketError("bind to \(source)")
        }
        let result = withAddress(of: endpoint) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else {
            defer { close(descriptor) }
            throw SocketError("connect to \(endpoint)")
        }
        return descriptor
    }

    /// Opens a listener on a free port of the loopback interface.
    static func listenOnLoopback() throws -> (descriptor: Int32, endpoint: Endpoint) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError("socket") }
        guard withAddress(of: Endpoint(IPAddress(127, 0, 0, 1), 0), { bind(descriptor, $0, $1) }) == 0,
            listen(descriptor, 4096) == 0
        else { throw SocketError("listen") }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return (descriptor, Endpoint(IPAddress(127, 0, 0, 1), UInt16(bigEndian: address.sin_port)))
    }

    static func setNoDelay(_ descriptor: Int32) {
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Why a connection that was begun did not come about; nil when it did.
    static func pendingError(_ descriptor: Int32) -> SocketError? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        return code == 0 ? nil : SocketError("connect", code)
    }

    private static func withAddress<Result>(
        of endpoint: Endpoint, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        if let ipv4 = endpoint.address.ipv4 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = endpoint.port.bigEndian
            address.sin_addr.s_addr = ipv4.bigEndian
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = endpoint.port.bigEndian
        withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: endpoint.address.bytes) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
        }
    }
}
