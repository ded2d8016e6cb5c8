/// The settings as text, for `check-config`.
extension Settings {
    /// Every setting with its value, as dotted names.
    package var listing: [(name: String, values: [String])] {
        ConfigurationKey.all.map { ($0.name, $0.values(of: self)) }
    }

    /// Lines of `name: value`.
    package var listingText: String {
        listing.map { "\($0.name): \($0.values.joined(separator: ", "))" }.joined(separator: "\n")
    }

    /// One JSON object, lists as arrays.
    package var listingJSON: String {
        let members = ConfigurationKey.all.map { key in
            let values = key.values(of: self).map { JSONText.quote($0) }
            return "\(JSONText.quote(key.name)):\(key.isList ? "[\(values.joined(separator: ","))]" : values.first ?? "\"\"")"
        }
        return "{" + members.joined(separator: ",") + "}"
    }
}
