/// What several rounds measured of one thing: the median, the least and the greatest.
struct Spread: Encodable {
    private var values: [Double] = []

    init(_ values: [Double] = []) {
        self.values = values
    }

    mutating func add(_ value: Double) { values.append(value) }

    /// Nil without a round.
    var median: Double? {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return nil }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    var least: Double? { values.min() }
    var greatest: Double? { values.max() }

    /// `median (least…greatest)` with so many digits.
    func text(_ digits: Int) -> String {
        guard let median, let least, let greatest else { return "–" }
        return "\(Table.number(median, digits)) (\(Table.number(least, digits))…\(Table.number(greatest, digits)))"
    }

    private enum CodingKeys: CodingKey { case median, least, greatest, values }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(median, forKey: .median)
        try container.encode(least, forKey: .least)
        try container.encode(greatest, forKey: .greatest)
        try container.encode(values, forKey: .values)
    }
}
