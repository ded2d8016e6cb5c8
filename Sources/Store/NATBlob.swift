internal import Coordination
internal import Wire

/// The column `publication.nat`: compact, because decoding JSON took most of the time of a start.
///
/// ```
/// 0         1                3
/// +---------+----------------+----
/// | version | members there  | the members, in the order of their bits …
/// +---------+----------------+----
/// ```
enum NATBlob {
    private static let version: UInt8 = 1

    static func encode(_ report: NATReport) -> [UInt8] {
        var members: UInt16 = 0
        var body = ByteWriter()
        func member<Value>(_ bit: UInt16, _ value: Value?, _ write: (Value) -> Void) {
            guard let value else { return }
            members |= 1 << bit
            write(value)
        }
        member(0, report.mapping) { body.write(code(of: $0)) }
        member(1, report.filtering) { body.write(code(of: $0)) }
        member(2, report.portAllocation) { body.write(code(of: $0)) }
        member(3, report.portStep) { body.write(UInt32(bitPattern: $0)) }
        member(4, report.lowestPort) { body.write($0) }
        member(5, report.highestPort) { body.write($0) }
        member(6, report.hairpinning) { body.write(UInt8($0 ? 1 : 0)) }
        member(7, report.mappingLifetimeSeconds) { body.write($0) }
        member(8, report.isUDPBlocked) { body.write(UInt8($0 ? 1 : 0)) }
        member(9, report.hasIPv4) { body.write(UInt8($0 ? 1 : 0)) }
        member(10, report.hasIPv6) { body.write(UInt8($0 ? 1 : 0)) }
        member(11, report.mappedAddress) { write($0, to: &body) }
        member(12, report.portMapping) { write($0, to: &body) }
        member(13, report.searchesPorts) { body.write(UInt8($0 ? 1 : 0)) }
        member(14, report.hasCaptivePortal) { body.write(UInt8($0 ? 1 : 0)) }
        var writer = ByteWriter(reservingCapacity: 3 + body.count)
        writer.write(version)
        writer.write(members)
        writer.write(body.bytes)
        return writer.bytes
    }

    /// The report, or nil for bytes of another form: a node publishes again, so nothing is lost for long.
    static func decode(_ bytes: [UInt8]) -> NATReport? {
        var reader = ByteReader(bytes.bytes)
        do {
            guard try reader.readUInt8() == version else { return nil }
            let members = try reader.readUInt16()
            func has(_ bit: UInt16) -> Bool { members & 1 << bit != 0 }
            var report = NATReport()
            report.mapping = has(0) ? word(try reader.readUInt8()) : nil
            report.filtering = has(1) ? word(try reader.readUInt8()) : nil
            report.portAllocation = has(2) ? word(try reader.readUInt8()) : nil
            report.portStep = has(3) ? Int32(bitPattern: try reader.readUInt32()) : nil
            report.lowestPort = has(4) ? try reader.readUInt16() : nil
            report.highestPort = has(5) ? try reader.readUInt16() : nil
            report.hairpinning = has(6) ? try reader.readUInt8() != 0 : nil
            report.mappingLifetimeSeconds = has(7) ? try reader.readUInt32() : nil
            report.isUDPBlocked = has(8) ? try reader.readUInt8() != 0 : nil
            report.hasIPv4 = has(9) ? try reader.readUInt8() != 0 : nil
            report.hasIPv6 = has(10) ? try reader.readUInt8() != 0 : nil
            report.mappedAddress = has(11) ? try text(&reader) : nil
            report.portMapping = has(12) ? try text(&reader) : nil
            report.searchesPorts = has(13) ? try reader.readUInt8() != 0 : nil
            report.hasCaptivePortal = has(14) ? try reader.readUInt8() != 0 : nil
            return reader.remaining == 0 ? report : nil
        } catch {
            return nil
        }
    }

    /// Words are stored by their place in their list: new ones are added at its end, behind `unknown`.
    private static func code(of word: some CaseIterable & Equatable) -> UInt8 {
        UInt8(clamping: Array(type(of: word).allCases).firstIndex(of: word) ?? 0)
    }

    private static func word<Word: CaseIterable>(_ code: UInt8) -> Word? {
        Array(Word.allCases).indices.contains(Int(code)) ? Array(Word.allCases)[Int(code)] : nil
    }

    private static func write(_ text: String, to writer: inout ByteWriter) {
        let bytes = Array(text.utf8)
        writer.write(UInt16(clamping: bytes.count))
        writer.write(bytes)
    }

    private static func text(_ reader: inout ByteReader) throws(EndOfBytes) -> String {
        String(decoding: try reader.readBytes(Int(reader.readUInt16())), as: UTF8.self)
    }
}
