import Coordination
import Testing
import Wire

@testable import Store

struct NATBlobTests {
    private static let full = NATReport(
        mapping: .addressAndPortDependent, filtering: .unknown, portAllocation: .sequential, portStep: -3, lowestPort: 1,
        highestPort: 65_535, hairpinning: true, mappingLifetimeSeconds: 4_000_000_000, isUDPBlocked: false, hasIPv4: true,
        hasIPv6: false, mappedAddress: "198.51.100.7", portMapping: "nat-pmp ü", searchesPorts: false,
        hasCaptivePortal: true)

    @Test func aReportSurvivesARoundTrip() {
        for report in [
            NATReport(), Self.full, NATReport(filtering: .addressDependent), NATReport(hasIPv6: true, portMapping: ""),
        ] {
            #expect(NATBlob.decode(NATBlob.encode(report)) == report)
        }
    }

    @Test func theFormIsFixed() {
        let report = NATReport(mapping: .addressDependent, portStep: 2, isUDPBlocked: true, mappedAddress: "ab")
        #expect(NATBlob.encode(report) == [1, 0x09, 0x09, 1, 0, 0, 0, 2, 1, 0, 2, 0x61, 0x62])
    }

    @Test func aTruncatedReportIsNone() {
        let bytes = NATBlob.encode(Self.full)
        for count in bytes.indices { #expect(NATBlob.decode(Array(bytes[..<count])) == nil) }
        #expect(NATBlob.decode(bytes + [0]) == nil)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func randomBytesNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed)
        let bytes = random.bytes(Int.random(in: 0...64, using: &random))
        _ = NATBlob.decode([1] + bytes)
    }
}
