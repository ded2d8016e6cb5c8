import Testing
import Wire

@testable import Relay

struct WebSocketDecoderTests {
    private func frame(
        _ opcode: UInt8, _ payload: [UInt8], isMasked: Bool = true, isFinal: Bool = true
    ) -> [UInt8] {
        TestClient.masked(opcode, payload, isMasked: isMasked, isFinal: isFinal)
    }

    /// Decodes in pieces of at most `size` bytes.
    private func decode(
        _ bytes: [UInt8], size: Int = .max
    ) throws(WebSocketDecoder.Failure) -> (stream: [UInt8], replies: [UInt8], isClosed: Bool) {
        var decoder = WebSocketDecoder()
        var replies = ByteWriter()
        var stream: [UInt8] = []
        var isClosed = false
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(size))
            rest = rest.dropFirst(part.count)
            let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: part.count)
            defer { buffer.deallocate() }
            buffer.initialize(from: part, count: part.count)
            let result = try decoder.decode(buffer, count: part.count, replies: &replies)
            stream += UnsafeBufferPointer(start: buffer, count: result.count)
            isClosed = result.isClosed
        }
        return (stream, replies.bytes, isClosed)
    }

    @Test(arguments: [1, 2, 3, 7, 1000, .max])
    func messagesBecomeOneStreamHoweverTheyAreCut(size: Int) throws {
        let long = [UInt8]((0..<300).map { UInt8(truncatingIfNeeded: $0) })
        let huge = [UInt8](repeating: 5, count: 70_000)
        let bytes =
            frame(2, [1, 2, 3]) + frame(2, []) + frame(2, long, isFinal: false) + frame(9, [42]) + frame(0, [9]) + frame(2, huge)
        let decoded = try decode(bytes, size: size)
        #expect(decoded.stream == [1, 2, 3] + long + [9] + huge)
        #expect(decoded.replies == [0x8a, 1, 42])
        #expect(!decoded.isClosed)
    }

    @Test
    func aCloseIsAnsweredWithItsCode() throws {
        let decoded = try decode(frame(2, [7]) + frame(8, [0x03, 0xe8, 0x62, 0x79, 0x65]) + frame(2, [8]))
        #expect(decoded.stream == [7])
        #expect(decoded.replies == [0x88, 2, 0x03, 0xe8])
        #expect(decoded.isClosed)
    }

    @Test
    func pongsAreIgnored() throws {
        #expect(try decode(frame(10, [1, 2, 3]) + frame(2, [4])).stream == [4])
    }

    @Test
    func textIsRefused() {
        #expect(throws: WebSocketDecoder.Failure.textMessage) { try decode(frame(1, [65])) }
    }

    @Test
    func brokenFramesAreRefused() {
        let reserved = [0xc2, 0x80, 0, 0, 0, 0] as [UInt8]
        let unknown = [0x83, 0x80, 0, 0, 0, 0] as [UInt8]
        let fragmentedPing = frame(9, [], isFinal: false)
        let longPing = frame(9, [UInt8](repeating: 0, count: 126))
        let strayContinuation = frame(0, [1])
        let interrupted = frame(2, [1], isFinal: false) + frame(2, [2])
        for bytes in [
            frame(2, [1], isMasked: false), reserved, unknown, fragmentedPing, longPing, strayContinuation, interrupted,
        ] {
            #expect(throws: WebSocketDecoder.Failure.protocolError) { try decode(bytes) }
        }
        let endless = [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] as [UInt8]
        #expect(throws: WebSocketDecoder.Failure.tooLong) { try decode(endless) }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func randomBytesNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed)
        _ = try? decode(random.bytes(Int.random(in: 0..<200, using: &random)))
    }

    @Test(arguments: [(0, 2), (125, 2), (126, 4), (32_768, 4)])
    func headsAreAsShortAsTheyCanBe(count: Int, length: Int) {
        var head = [UInt8](repeating: 0, count: 4)
        #expect(WebSocketEncoder.writeHead(.binary, count: count, to: &head) == length)
        #expect(head[0] == 0x82)
        #expect(length == 2 ? Int(head[1]) == count : head[1] == 126 && Int(head[2]) << 8 | Int(head[3]) == count)
    }
}
