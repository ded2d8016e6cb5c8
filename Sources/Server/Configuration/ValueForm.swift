internal import Wire

/// How the text of a setting becomes a value and back.
struct ValueForm<Value>: Sendable {
    /// What the setting takes, for the remedy of an error: "a directory", "true or false".
    let remedy: String
    let read: @Sendable (String) throws(InvalidValue) -> Value
    let write: @Sendable (Value) -> String

    /// A form whose reader answers nil for what it does not take.
    init(
        _ remedy: String, read: @escaping @Sendable (String) -> Value?, write: @escaping @Sendable (Value) -> String
    ) {
        self.remedy = remedy
        self.read = { (text) throws(InvalidValue) in
            guard let value = read(text) else { throw InvalidValue(reason: "'\(text)' is not valid", remedy: "give \(remedy)") }
            return value
        }
        self.write = write
    }
}

extension ValueForm<String> {
    static func text(_ what: String, isRequired: Bool = false) -> Self {
        Self(what, read: { isRequired && $0.isEmpty ? nil : $0 }, write: { $0 })
    }

    /// A host name or an address without brackets.
    static var host: Self {
        Self("a host name or an address without port, such as relay.example.org or 192.0.2.1") { text in
            if IPAddress(text) != nil { return text }
            let labels = text.split(separator: ".", omittingEmptySubsequences: false)
            let isName = labels.allSatisfy { label in
                (1...63).contains(label.utf8.count)
                    && label.utf8.allSatisfy { $0 == UInt8(ascii: "-") || Character(UnicodeScalar($0)).isLetter || isDigit($0) }
            }
            return isName && text.utf8.count <= 253 && !(labels.last?.utf8.allSatisfy(isDigit) ?? true) ? text : nil
        } write: {
            $0
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

extension ValueForm<Endpoint> {
    static var endpoint: Self {
        Self("ADDRESS:PORT, such as 0.0.0.0:443 or [::]:443", read: { Endpoint($0) }, write: { $0.description })
    }
}

extension ValueForm<Endpoint?> {
    /// An endpoint, or nothing for an empty text or `off`.
    static var optionalEndpoint: Self {
        Self("ADDRESS:PORT, such as 127.0.0.1:9478, or off") { text in
            text.isEmpty || text == "off" ? .some(nil) : Endpoint(text).map { .some($0) }
        } write: {
            $0?.description ?? "off"
        }
    }
}

extension ValueForm<AddressPrefix> {
    static var prefix: Self {
        Self("an address or a block such as 10.0.0.0/8", read: { AddressPrefix($0) }, write: { $0.description })
    }
}

extension ValueForm<Bool> {
    static var boolean: Self {
        Self("true or false") { text in
            switch text.lowercased() {
            case "true", "yes", "on", "1": true
            case "false", "no", "off", "0": false
            default: nil
            }
        } write: {
            $0 ? "true" : "false"
        }
    }
}

extension ValueForm<Int> {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self("a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        } write: {
            String($0)
        }
    }
}

extension ValueForm<Double> {
    static func number(_ range: ClosedRange<Double>) -> Self {
        Self("a number from \(text(range.lowerBound)) to \(text(range.upperBound))") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        } write: {
            text($0)
        }
    }

    private static func text(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }
}

extension ValueForm<Duration> {
    /// A whole number of seconds, minutes or hours: `90`, `90s`, `5m`, `2h`.
    static func seconds(_ range: ClosedRange<Int64>) -> Self {
        Self("a time from \(range.lowerBound)s to \(range.upperBound)s, such as 15s or 5m") { text in
            let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600]
            let unit = text.last.flatMap { units[$0] }
            guard let count = Int64(unit == nil ? text[...] : text.dropLast()) else { return nil }
            let (seconds, overflow) = count.multipliedReportingOverflow(by: unit ?? 1)
            return !overflow && range.contains(seconds) ? .seconds(seconds) : nil
        } write: {
            "\($0.components.seconds)s"
        }
    }
}

extension ValueForm<Duration?> {
    /// A time, or nothing for an empty text or `off`.
    static func optionalSeconds(_ range: ClosedRange<Int64>) -> Self {
        let form = ValueForm<Duration>.seconds(range)
        // The outer optional says whether the text is valid, the inner one whether there is a time.
        return Self(form.remedy + ", or off") { text in
            text.isEmpty || text == "off" ? .some(nil) : (try? form.read(text)).map { .some($0) }
        } write: {
            $0.map(form.write) ?? "off"
        }
    }
}

extension ValueForm where Value: RawRepresentable<String> & CaseIterable & Sendable {
    static func choice() -> Self {
        let words = Value.allCases.map(\.rawValue)
        let remedy = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
        return Self(remedy, read: { Value(rawValue: $0.lowercased()) }, write: { $0.rawValue })
    }
}
