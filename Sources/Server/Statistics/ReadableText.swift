internal import Foundation

/// Figures as people read them.
enum ReadableText {
    /// `12.3 MiB`: three digits are enough.
    static func bytes(_ count: UInt64) -> String {
        var (value, units) = (Double(count), ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"][...])
        guard count >= 1_024 else { return "\(count) B" }
        value /= 1_024
        while value >= 999.5, units.count > 1 {
            value /= 1_024
            units.removeFirst()
        }
        return String(format: value < 99.95 ? "%.1f" : "%.0f", value) + " " + (units.first ?? "")
    }

    /// The two largest units: `3 d 4 h`, `5 min 6 s`.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds)
        let parts = [(whole / 86_400, "d"), (whole / 3_600 % 24, "h"), (whole / 60 % 60, "min"), (whole % 60, "s")]
        let shown = parts.drop { $0.0 == 0 }.prefix(2)
        return shown.isEmpty ? "0 s" : shown.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}
