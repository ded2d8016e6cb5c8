internal import CLinux
internal import NIOCore
internal import NIOPosix

/// Hears from the kernel when links, addresses or routes change (rtnetlink(7)).
enum RouteWatcher {
    /// Opens the socket; `changed` is called on the event loop for every piece of news.
    static func open(on eventLoop: any EventLoop, changed: @escaping @Sendable () -> Void) async throws -> any Channel {
        let descriptor = causeway_open_route_socket()
        guard descriptor >= 0 else { throw IOError(errnoCode: -descriptor, reason: "netlink socket") }
        return try await NIOPipeBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(NewsReader(changed)) }
            }
            .takingOwnershipOfDescriptor(input: descriptor).get()
    }
}

/// What the messages say does not matter: whoever hears of a change looks at everything anew.
private final class NewsReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let changed: @Sendable () -> Void

    init(_ changed: @escaping @Sendable () -> Void) {
        self.changed = changed
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        changed()
    }

    func channelInactive(context: ChannelHandlerContext) {
        // ENOBUFS closes it: there was more news than the socket holds, which is news too.
        changed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
