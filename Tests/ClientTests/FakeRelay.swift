import CryptoBox
import DERP
import NIOCore
import NIOPosix
import Wire

@testable import Client

/// A relay on a loopback port that knows one trick: what a client sends to a key comes back as if from that key.
final class FakeRelay: Sendable {
    enum Behaviour {
        case reflects
        /// Answers the upgrade with this head.
        case answers(String)
        /// Logs the client in and says no more.
        case isSilent
    }

    let key: NodePrivateKey
    let port: Int
    private let listener: any Channel

    init(_ behaviour: Behaviour, on eventLoop: any EventLoop) async throws {
        var random = SystemRandomNumberGenerator()
        let key = NodePrivateKey(using: &random)
        self.key = key
        listener = try await ServerBootstrap(group: eventLoop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FakeRelayHandler(key, behaviour))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    func close() async throws {
        try await listener.close()
    }
}

private final class FakeRelayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let key: NodePrivateKey
    private let behaviour: FakeRelay.Behaviour
    private var received: [UInt8] = []
    private var isUpgraded = false

    init(_ key: NodePrivateKey, _ behaviour: FakeRelay.Behaviour) {
        self.key = key
        self.behaviour = behaviour
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.append(contentsOf: unwrapInboundIn(data).readableBytesView)
        var writer = ByteWriter()
        if !isUpgraded {
            guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
            received.removeSubrange(..<end.upperBound)
            isUpgraded = true
            if case .answers(let head) = behaviour {
                writer.write(Array(head.utf8))
            } else {
                writer.write(HTTPUpgrade.reply(serverKey: key.publicKey))
                ServerFrame.writeServerKey(key.publicKey, to: &writer)
            }
        }
        while let header = FrameHeader(received.bytes), received.count >= header.frameCount {
            let payload = Array(received[FrameHeader.byteCount..<header.frameCount])
            received.removeSubrange(..<header.frameCount)
            take(header.type, payload, &writer)
        }
        guard writer.count > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: writer.bytes)), promise: nil)
    }

    private func take(_ type: FrameType?, _ payload: [UInt8], _ writer: inout ByteWriter) {
        var reader = ByteReader(payload.bytes)
        switch type {
        case .clientInfo:
            guard let client = try? NodeKey(from: &reader), let secret = try? key.sharedSecret(with: client) else { return }
            var random = SystemRandomNumberGenerator()
            let sealed = secret.seal(ServerInfo().json, using: &random)
            FrameHeader(.serverInfo, payloadCount: sealed.count).write(to: &writer)
            writer.write(sealed)
        case .sendPacket:
            guard case .reflects = behaviour, let destination = try? NodeKey(from: &reader) else { return }
            ServerFrame.writeReceivedPacket(from: destination, reader.readRest().bytes, to: &writer)
        case .ping:
            guard case .reflects = behaviour, let echo = try? reader.readUInt64() else { return }
            ServerFrame.writePong(echo, to: &writer)
        default:
            return
        }
    }
}
