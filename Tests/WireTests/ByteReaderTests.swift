import Testing
import Wire

struct ByteReaderTests {
    @Test func integersAreReadBigEndianInOrder() throws {
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
        var reader = ByteReader(bytes.bytes)
        let byte = try reader.readUInt8()
        let short = try reader.readUInt16()
        let word = try reader.readUInt32()
        let long = try reader.readUInt64()
        #expect(byte == 0x01)
        #expect(short == 0x0203)
        #expect(word == 0x0405_0607)
        #expect(long == 0x0809_0a0b_0c0d_0e0f)
        #expect(reader.remaining == 0)
    }

    @Test func aReadPastTheEndThrowsAndTakesNothing() {
        let bytes: [UInt8] = [1, 2, 3]
        var reader = ByteReader(bytes.bytes)
        let failed = (try? reader.readUInt32()) == nil
        let (offset, remaining) = (reader.offset, reader.remaining)
        #expect(failed && offset == 0 && remaining == 3)
        let rest = reader.readRest()
        #expect(rest == bytes)
    }

    @Test(arguments: [-1, 4, Int.max, Int.min])
    func aCountThatCannotBeIsRefused(count: Int) {
        let bytes: [UInt8] = [1, 2, 3]
        var reader = ByteReader(bytes.bytes)
        let range = try? reader.skip(count)
        #expect(range == nil)
    }

    @Test func littleEndianIsTheByteSwappedOrder() throws {
        var writer = ByteWriter()
        writer.writeLittleEndian(0x0102_0304_0506_0708)
        #expect(writer.bytes == [8, 7, 6, 5, 4, 3, 2, 1])
        var reader = ByteReader(writer.bytes.bytes)
        let value = try reader.readLittleEndianUInt64()
        #expect(value == 0x0102_0304_0506_0708)
    }

    @Test(arguments: 0..<100)
    func whatIsWrittenIsReadBack(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let (byte, short, word, long) = (
            UInt8.random(in: 0...255, using: &random), UInt16.random(in: 0...65535, using: &random),
            UInt32.random(in: 0...UInt32.max, using: &random), random.next()
        )
        var writer = ByteWriter()
        writer.write(byte)
        writer.write(short)
        writer.write(word)
        writer.write(long)
        var reader = ByteReader(writer.bytes.bytes)
        let readBack = (try reader.readUInt8(), try reader.readUInt16(), try reader.readUInt32(), try reader.readUInt64())
        #expect(readBack == (byte, short, word, long))
    }

    @Test func aPrefixMatchesOnlyWhereItStandsWhole() {
        let bytes: [UInt8] = [1, 2, 3, 4]
        let verdicts = (
            bytes.bytes.matches([1, 2]), bytes.bytes.matches([3, 4], at: 2), bytes.bytes.matches([4, 5], at: 3),
            bytes.bytes.matches([1], at: -1)
        )
        #expect(verdicts == (true, true, false, false))
    }
}
