/// Writes one flat JSON object of members in the order given.
struct JSONPrinter {
    private var members: [String] = []

    mutating func add(_ name: String, _ integer: Int) {
        members.append("\"\(name)\":\(integer)")
    }

    mutating func add(_ name: String, _ boolean: Bool) {
        members.append("\"\(name)\":\(boolean)")
    }

    mutating func add(_ name: String, _ text: String) {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": escaped += "\\\(scalar)"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        members.append("\"\(name)\":\"\(escaped)\"")
    }

    var bytes: [UInt8] { Array("{\(members.joined(separator: ","))}".utf8) }
}
