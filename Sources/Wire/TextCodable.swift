/// A value that JSON carries as its text form.
package protocol TextCodable: Codable {
    /// The text form that `encode(to:)` writes.
    var codedText: String { get }
    /// Parses the text form; nil for anything else.
    init?(codedText: String)
    /// What the text form is, for the error about a text that is none: "an endpoint is ADDRESS:PORT".
    static var textFormRule: String { get }
}

extension TextCodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(codedText: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: Self.textFormRule)
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(codedText)
    }
}
