import Foundation
import Testing

@testable import Server

struct ServiceNotifierTests {
    @Test(arguments: ["/tmp/cw-notify-\(UUID().uuidString.prefix(8))", "@cw-notify-\(UUID().uuidString.prefix(8))"])
    func theServiceManagerHearsOfEveryStep(name: String) throws {
        let socket = try NotifySocket(name)
        let notifier = ServiceNotifier(path: name)
        notifier.ready(status: "serving")
        #expect(socket.receive() == "READY=1\nSTATUS=serving")
        notifier.reloading()
        let reload = socket.receive()
        #expect(reload.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") && UInt64(reload.split(separator: "=")[2]) ?? 0 > 0)
        notifier.stopping()
        #expect(socket.receive() == "STOPPING=1")
    }

    @Test(arguments: [nil, "", "@", "relative", "/nonexistent/socket", "/" + String(repeating: "a", count: 200)])
    func whereNobodyListensNothingHappens(name: String?) {
        ServiceNotifier(path: name).ready(status: "serving")
    }
}

/// A datagram socket such as a service manager has, with a path or an abstract name.
private struct NotifySocket {
    private let descriptor: Int32
    private let path: String

    init(_ name: String) throws {
        path = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            bytes.copyBytes(from: name.utf8)
            if name.hasPrefix("@") { bytes[0] = 0 }
        }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + name.utf8.count)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        try #require(result == 0)
    }

    func receive() -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
    }
}
