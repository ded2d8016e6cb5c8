internal import COpenSSL
internal import Glibc

/// A point in civil time with the resolution of certificates: whole seconds since 1970 (UTC).
package struct CertificateTime: Hashable, Comparable, Sendable {
    package var secondsSince1970: Int

    package init(secondsSince1970: Int) {
        self.secondsSince1970 = secondsSince1970
    }

    /// What the system's clock says.
    package static var now: CertificateTime { CertificateTime(secondsSince1970: time(nil)) }

    /// The time as an ASN.1 structure of a certificate says it; what cannot be read is the beginning of time.
    init(_ asn1: UnsafePointer<ASN1_TIME>?) {
        var parts = tm()
        guard ASN1_TIME_to_tm(asn1, &parts) == 1 else {
            self.init(secondsSince1970: .min)
            return
        }
        self.init(secondsSince1970: timegm(&parts))
    }

    package static func < (left: Self, right: Self) -> Bool { left.secondsSince1970 < right.secondsSince1970 }

    /// The same time of day, some days later.
    package func adding(days: Int) -> CertificateTime {
        CertificateTime(secondsSince1970: secondsSince1970 + days * 86_400)
    }
}

extension CertificateTime: CustomStringConvertible {
    /// The form `2026-08-25T12:00:00Z` (RFC 3339).
    package var description: String {
        var seconds = time_t(secondsSince1970)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return "the beginning of time" }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { text in
            guard let start = text.baseAddress, strftime(start, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0 else { return "" }
            return String(cString: start)
        }
    }
}
