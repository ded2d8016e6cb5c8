/// What a member of a login's JSON object holds. Arrays and objects are checked and passed over: no login member is one.
enum JSONValue: Equatable {
    case null
    case boolean(Bool)
    /// A number without fraction and exponent that fits 64 bits.
    case integer(Int)
    case otherNumber
    case string(String)
    case container
}

/// The JSON was malformed, nested too deep, or of a wrong type.
package struct JSONError: Error, Equatable {
    /// The offset in bytes at which reading stopped.
    package let offset: Int
}

/// Reads the one flat JSON object (RFC 8259) of a login, as lenient as Go's decoder: any white space, unknown members, the last of equal
/// names counts, ill-formed UTF-8 in a string is replaced. It takes no byte order mark, no comment and nothing behind the object.
struct JSONScanner {
    /// How deep an unknown member may nest. Deeper than anything sensible; a few hundred bytes of stack each.
    static let maximumDepth = 32

    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads the whole text as one object and hands out its members in order.
    static func members(of bytes: [UInt8]) throws(JSONError) -> [(name: String, value: JSONValue)] {
        var scanner = JSONScanner(bytes)
        var members: [(name: String, value: JSONValue)] = []
        try scanner.expect("{")
        if !scanner.take("}") {
            repeat {
                let name = try scanner.readName()
                members.append((name, try scanner.readValue(depth: 1)))
            } while scanner.take(",")
            try scanner.expect("}")
        }
        scanner.skipWhiteSpace()
        guard scanner.offset == bytes.count else { throw scanner.error }
        return members
    }

    private var error: JSONError { JSONError(offset: offset) }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipWhiteSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { offset += 1 }
    }

    /// Passes over white space and then `character`, if it stands there.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipWhiteSpace()
        guard next == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(JSONError) {
        guard take(character) else { throw error }
    }

    private mutating func expect(word: StaticString) throws(JSONError) {
        for scalar in "\(word)".utf8 {
            guard next == scalar else { throw error }
            offset += 1
        }
    }

    private mutating func readName() throws(JSONError) -> String {
        skipWhiteSpace()
        guard next == UInt8(ascii: "\"") else { throw error }
        let name = try readString()
        try expect(":")
        return name
    }

    private mutating func readValue(depth: Int) throws(JSONError) -> JSONValue {
        skipWhiteSpace()
        switch next {
        case UInt8(ascii: "\""):
            return .string(try readString())
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            try skipContainer(depth: depth)
            return .container
        case UInt8(ascii: "t"):
            try expect(word: "true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try expect(word: "false")
            return .boolean(false)
        case UInt8(ascii: "n"):
            try expect(word: "null")
            return .null
        default:
            return try readNumber()
        }
    }

    private mutating func skipContainer(depth: Int) throws(JSONError) {
        guard depth < Self.maximumDepth else { throw error }
        let isObject = take("{")
        if !isObject { try expect("[") }
        let end: Unicode.Scalar = isObject ? "}" : "]"
        guard !take(end) else { return }
        repeat {
            if isObject { _ = try readName() }
            _ = try readValue(depth: depth + 1)
        } while take(",")
        try expect(end)
    }

    private mutating func readNumber() throws(JSONError) -> JSONValue {
        let start = offset
        if next == UInt8(ascii: "-") { offset += 1 }
        if next == UInt8(ascii: "0") {
            offset += 1
        } else {
            try skipDigits()
        }
        var isInteger = true
        if next == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            try skipDigits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isInteger = false
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            try skipDigits()
        }
        guard isInteger, let integer = Int(String(decoding: bytes[start..<offset], as: UTF8.self)) else { return .otherNumber }
        return .integer(integer)
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = offset
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
        guard offset > start else { throw error }
    }

    /// Reads a string; `offset` is at its opening quote.
    private mutating func readString() throws(JSONError) -> String {
        offset += 1
        var text: [UInt8] = []
        while let byte = next {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: try readEscape())
            case 0..<0x20: throw error
            default: text.append(byte)
            }
        }
        throw error
    }

    private mutating func readEscape() throws(JSONError) -> [UInt8] {
        guard let byte = next else { throw error }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(Character(try readEscapedScalar())).utf8)
        default: throw error
        }
    }

    /// Reads the digits of `\uXXXX`, and the second half of a surrogate pair; a lone half reads as U+FFFD.
    private mutating func readEscapedScalar() throws(JSONError) -> Unicode.Scalar {
        let replacement: Unicode.Scalar = "\u{fffd}"
        let first = try readHexadecimalQuad()
        guard first & 0xfc00 == 0xd800 else { return Unicode.Scalar(first) ?? replacement }
        let behindFirst = offset
        guard next == UInt8(ascii: "\\") else { return replacement }
        offset += 1
        guard next == UInt8(ascii: "u") else {
            offset = behindFirst
            return replacement
        }
        offset += 1
        let second = try readHexadecimalQuad()
        guard second & 0xfc00 == 0xdc00 else {
            offset = behindFirst
            return replacement
        }
        return Unicode.Scalar(0x10000 + (first & 0x3ff) << 10 + second & 0x3ff) ?? replacement
    }

    private mutating func readHexadecimalQuad() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw error }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}
