internal import ArgumentParser
internal import CryptoBox
internal import DERP
internal import Foundation
internal import Glibc
internal import Logging
internal import Relay
internal import Wire

/// Our datapath as a process of its own, without TLS and without the HTTP server in front of it: what counts instructions wants nothing else.
struct BareRelayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bare-relay", shouldDisplay: false)

    @Option var shards = 1

    func run() throws {
        Sockets.raiseDescriptorLimit()
        var random = SystemRandomNumberGenerator()
        let key = NodePrivateKey(using: &random)
        var logger = Logger(label: "bare-relay")
        logger.logLevel = .error
        let datapath = try Datapath(
            configuration: RelayConfiguration(shardCount: shards, logger: logger), serverKey: key, admission: OpenAdmission())
        try datapath.start()
        let stun = try datapath.bindSTUN([Endpoint(IPAddress(127, 0, 0, 1), 0)])
        let (listener, endpoint) = try Sockets.listenOnLoopback()
        print(endpoint, stun[0])
        fflush(nil)
        while true {
            guard let (descriptor, unread) = try Self.accept(listener) else { continue }
            datapath.adopt(
                Adoption(
                    descriptor: OwnedDescriptor(taking: descriptor), transport: .plain, framing: .stream, unread: unread,
                    reply: HTTPUpgrade.reply(serverKey: key.publicKey), source: endpoint))
        }
    }

    /// Waits for a client and its request head, which is not looked at; nil when the client ends before.
    private static func accept(_ listener: Int32) throws -> (Int32, [UInt8])? {
        var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, -1) == 1 else { return nil }
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        Sockets.setNoDelay(descriptor)
        let headEnd = Array("\r\n\r\n".utf8)
        var head: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else {
                close(descriptor)
                return nil
            }
            head += chunk[..<count]
            if let end = head.firstRange(of: headEnd) {
                _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
                return (descriptor, Array(head[end.upperBound...]))
            }
        }
    }
}
