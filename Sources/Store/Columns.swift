internal import Coordination
internal import Foundation
internal import GRDB

/// A row's columns by position. What is not of the type that is asked for is thrown: a damaged file must not stop the process.
struct Columns {
    let row: Row

    func integer<Value: FixedWidthInteger>(_ index: Int, as type: Value.Type = Value.self) throws -> Value {
        let wide = try row.decode(Int64.self, atIndex: index)
        guard let value = Value(exactly: wide) else { throw UnreadableColumn(index: index) }
        return value
    }

    func optionalInteger<Value: FixedWidthInteger>(_ index: Int, as type: Value.Type = Value.self) throws -> Value? {
        row.hasNull(atIndex: index) ? nil : try integer(index)
    }

    func flag(_ index: Int) throws -> Bool {
        try integer(index, as: Int64.self) != 0
    }

    func time(_ index: Int) throws -> Timestamp {
        Timestamp(milliseconds: try integer(index))
    }

    func optionalTime(_ index: Int) throws -> Timestamp? {
        try optionalInteger(index).map(Timestamp.init(milliseconds:))
    }

    func text(_ index: Int) throws -> String {
        try row.decode(String.self, atIndex: index)
    }

    func optionalText(_ index: Int) throws -> String? {
        row.hasNull(atIndex: index) ? nil : try text(index)
    }

    func bytes(_ index: Int) throws -> [UInt8] {
        [UInt8](try row.decode(Data.self, atIndex: index))
    }

    func optionalBytes(_ index: Int) throws -> [UInt8]? {
        row.hasNull(atIndex: index) ? nil : try bytes(index)
    }

    /// The bytes as a key or hash, which takes no other length than its own.
    func bytes<Value>(_ index: Int, as make: ([UInt8]) -> Value?) throws -> Value {
        guard let value = make(try bytes(index)) else { throw UnreadableColumn(index: index) }
        return value
    }
}

/// A column that holds what no version of this program writes.
struct UnreadableColumn: Error {
    let index: Int
}
