package import Wire

/// What a gateway answered to an action.
package enum SOAPAnswer: Hashable, Sendable {
    /// Success, with the address or port in it if there is one.
    case done(address: IPAddress?, reservedPort: UInt16?)
    /// Refused with a code of UPnP.
    case fault(code: Int)
    /// Neither: no connection, no UPnP, a redirect.
    case nothing

    /// Reads an answer by what is in it: some gateways send faults with status 200, or success without a body.
    package init(_ answer: HTTPAnswer) {
        guard case .answered(let status, let document) = answer else {
            self = .nothing
            return
        }
        if let code = document?.first(named: "errorCode") {
            self = Int(code.text).map { .fault(code: $0) } ?? .nothing
        } else if document?.first(named: "Fault") != nil || !(200..<300).contains(status) {
            // A fault without a code, or a plain HTTP error: what was asked for failed.
            self = (300..<400).contains(status) ? .nothing : .fault(code: UPnPErrorCode.actionFailed)
        } else {
            self = .done(
                address: document?.first(named: "NewExternalIPAddress").flatMap { IPAddress($0.text) },
                reservedPort: document?.first(named: "NewReservedPort").flatMap { UInt16($0.text) })
        }
    }
}
