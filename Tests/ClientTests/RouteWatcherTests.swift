import NIOCore
import NIOPosix
import Testing

@testable import Client

@Suite struct RouteWatcherTests {
    @Test func aWatcherThatMissedNewsSaysSoAndCloses() async throws {
        let (news, source) = AsyncStream.makeStream(of: Void.self)
        let channel = try await RouteWatcher.open(on: MultiThreadedEventLoopGroup.singleton.next()) { source.yield() }
        #expect(channel.isActive)
        channel.pipeline.fireErrorCaught(IOError(errnoCode: 105, reason: "no buffer space"))
        await news.first { _ in true }
        try await channel.closeFuture.get()
        #expect(!channel.isActive)
    }
}
