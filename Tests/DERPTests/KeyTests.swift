import CryptoBox
import DERP
import Testing
import VectorSupport
import Wire

struct KeyTests {
    @Test(arguments: ["alice", "bob", "carol", "far-away", "nobody", "relay-two", "server"])
    func aRecordedPrivateKeyHasItsPublicKey(name: String) throws {
        let vectors: KeyVectors = try Vector.load("derp/keys.json")
        let pair = try #require(vectors.pairs[name])
        #expect(try privateKey(pair.secret).publicKey == nodeKey(pair.public))
    }

    @Test func theRecordedMeshKeyIsOne() throws {
        let vectors: KeyVectors = try Vector.load("derp/keys.json")
        #expect(MeshKey(vectors.mesh)?.secretText == vectors.mesh)
    }
}

/// Key pairs by name and one mesh key, all in one JSON object.
private struct KeyVectors: Decodable {
    struct Pair: Decodable {
        enum CodingKeys: String, CodingKey {
            case secret = "private"
            case `public`
        }
        let secret: String
        let `public`: String
    }

    struct Name: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    var pairs: [String: Pair] = [:]
    let mesh: String

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        mesh = try container.decode(String.self, forKey: Name(stringValue: "mesh"))
        for name in container.allKeys where name.stringValue != "mesh" && name.stringValue != "description" {
            pairs[name.stringValue] = try container.decode(Pair.self, forKey: name)
        }
    }
}
