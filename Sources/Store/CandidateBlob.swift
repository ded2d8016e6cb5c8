internal import Coordination
internal import Wire

/// The column `publication.candidates`: compact, so that a hundred thousand nodes are read in a moment.
///
/// ```
/// 0         1                                   24
/// +---------+------+----------+-----------------+----
/// | version | type | priority | address 16, port | …
/// +---------+------+----------+-----------------+----
/// ```
enum CandidateBlob {
    private static let version: UInt8 = 1

    static func encode(_ candidates: [PublishedCandidate]) -> [UInt8] {
        var writer = ByteWriter(reservingCapacity: 1 + candidates.count * 23)
        writer.write(version)
        for candidate in candidates {
            writer.write(code(of: candidate.type))
            writer.write(candidate.priority)
            candidate.endpoint.write(to: &writer)
        }
        return writer.bytes
    }

    /// The candidates, or nil for bytes of another form: a node publishes again, so nothing is lost for long.
    static func decode(_ bytes: [UInt8]) -> [PublishedCandidate]? {
        var reader = ByteReader(bytes.bytes)
        var candidates: [PublishedCandidate] = []
        do {
            guard try reader.readUInt8() == version else { return nil }
            while reader.remaining > 0 {
                guard let type = try type(of: reader.readUInt8()) else { return nil }
                let priority = try reader.readUInt32()
                candidates.append(
                    PublishedCandidate(type: type, endpoint: try Endpoint(from: &reader), priority: priority))
            }
        } catch {
            return nil
        }
        return candidates
    }

    private static func code(of type: CandidateType) -> UInt8 {
        switch type {
        case .host: 0
        case .serverReflexive: 1
        case .portMapped: 2
        case .relayed: 3
        }
    }

    private static func type(of code: UInt8) -> CandidateType? {
        CandidateType.allCases.first { self.code(of: $0) == code }
    }
}
