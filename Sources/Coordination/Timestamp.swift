internal import Wire

/// A point in wall-clock time: milliseconds since 1970-01-01T00:00:00Z, written as RFC 3339 in UTC.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The last instant that RFC 3339 can write: the end of the year 9999.
    package static let latest = Timestamp(milliseconds: 253_402_300_799_999)
    /// The first instant that RFC 3339 can write: the start of the year 0.
    package static let earliest = Timestamp(milliseconds: -62_167_219_200_000)

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The time `duration` later; it stops at what RFC 3339 can write.
    package static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = time.milliseconds.addingReportingOverflow(duration.milliseconds)
        if overflow { return duration < .zero ? earliest : latest }
        return min(max(Timestamp(milliseconds: sum), earliest), latest)
    }

    package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .milliseconds(later.milliseconds &- earlier.milliseconds)
    }
}

extension Duration {
    /// The duration in whole milliseconds; what does not fit 64 bits is cut off at their ends.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}

// MARK: - Text

extension Timestamp: CustomStringConvertible {
    /// The RFC 3339 text, `2026-01-31T12:00:00.000Z`; times that it cannot write are cut off at its ends.
    package var description: String {
        let time = min(max(self, .earliest), .latest).milliseconds
        let days = (time >= 0 ? time : time - 86_399_999) / 86_400_000
        let inDay = time - days * 86_400_000
        let (year, month, day) = Self.civil(fromDays: days)
        let (seconds, thousandths) = inDay.quotientAndRemainder(dividingBy: 1000)
        let date = "\(Self.padded(year, to: 4))-\(Self.padded(month, to: 2))-\(Self.padded(day, to: 2))"
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { Self.padded($0, to: 2) }
            .joined(separator: ":")
        return "\(date)T\(clock).\(Self.padded(thousandths, to: 3))Z"
    }

    /// Parses an RFC 3339 date and time with any offset; digits past the millisecond are dropped, a leap second is refused.
    package init?(_ text: some StringProtocol) {
        var scanner = Scanner(text)
        guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2),
            scanner.take("-"),
            let day = scanner.digits(2), scanner.take("T", "t"),
            let hour = scanner.digits(2), scanner.take(":"), let minute = scanner.digits(2),
            scanner.take(":"),
            let second = scanner.digits(2),
            (1...12).contains(month), (1...Self.dayCount(of: month, in: year)).contains(day),
            hour < 24, minute < 60, second < 60,
            let thousandths = scanner.fraction(), let offset = scanner.offset(), scanner.isAtEnd
        else { return nil }
        let days = Self.days(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
        let time = Timestamp(milliseconds: seconds * 1000 + thousandths)
        guard time >= .earliest, time <= .latest else { return nil }
        self = time
    }

    private static func padded(_ value: Int64, to width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func dayCount(of month: Int64, in year: Int64) -> Int64 {
        let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        switch month {
        case 2: return isLeap ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }

    // Civil dates by eras of 400 years that start on 1 March, so that the leap day is an era's last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }

    /// Reads the fixed fields of RFC 3339 from left to right.
    private struct Scanner {
        private var rest: Substring.UTF8View

        init(_ text: some StringProtocol) {
            rest = Substring(text).utf8
        }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func take(_ choices: Unicode.Scalar...) -> Bool {
            guard let first = rest.first, choices.contains(Unicode.Scalar(first)) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func digits(_ count: Int) -> Int64? {
            var value: Int64 = 0
            for _ in 0..<count {
                guard let digit = digit() else { return nil }
                value = value * 10 + digit
            }
            return value
        }

        /// The fraction of the second in milliseconds, zero when there is none.
        mutating func fraction() -> Int64? {
            guard take(".") else { return 0 }
            guard var value = digit() else { return nil }
            var count = 1
            while let digit = digit() {
                count += 1
                if count <= 3 { value = value * 10 + digit }
            }
            while count < 3 {
                value *= 10
                count += 1
            }
            return value
        }

        /// The offset from UTC in minutes.
        mutating func offset() -> Int64? {
            if take("Z", "z") { return 0 }
            let isWest = rest.first == UInt8(ascii: "-")
            guard take("+", "-"), let hours = digits(2), take(":"), let minutes = digits(2), hours < 24,
                minutes < 60
            else {
                return nil
            }
            return (hours * 60 + minutes) * (isWest ? -1 : 1)
        }

        private mutating func digit() -> Int64? {
            guard let first = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
                return nil
            }
            rest.removeFirst()
            return Int64(first - UInt8(ascii: "0"))
        }
    }
}

extension Timestamp: TextCodable {
    package var codedText: String { description }
    package static var textFormRule: String { "a time is RFC 3339 in UTC, as in 2026-01-31T12:00:00Z" }

    package init?(codedText: String) {
        self.init(codedText)
    }
}
