/// A node's number on its server: given once, never reused, kept through renaming and key rotation.
package struct NodeID: RawRepresentable, Hashable, Comparable, Codable, Sendable {
    package let rawValue: Int64

    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension NodeID: CustomStringConvertible {
    package var description: String { String(rawValue) }
}

/// A network's number, at least 1: the relay keeps packets inside one (0 is the relay's own, for servers open to all).
package struct NetworkID: RawRepresentable, Hashable, Comparable, Codable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension NetworkID: CustomStringConvertible {
    package var description: String { String(rawValue) }
}

/// A join key's number, by which an operator lists and revokes it: it tells nothing about the key itself.
package struct JoinKeyID: RawRepresentable, Hashable, Comparable, Codable, Sendable {
    package let rawValue: Int64

    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension JoinKeyID: CustomStringConvertible {
    package var description: String { String(rawValue) }
}
