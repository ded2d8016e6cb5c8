public import Foundation

/// Reads the golden vectors under `Tests/Vectors`: what real programs sent, answered or parsed.
public enum Vector {
    /// The content of `Tests/Vectors/<path>`, decoded.
    public static func load<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: data(path))
    }

    /// The bytes of `Tests/Vectors/<path>`.
    public static func data(_ path: String) throws -> Data {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Vectors")
        return try Data(contentsOf: folder.appending(path: path))
    }
}
