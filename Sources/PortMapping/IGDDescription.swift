internal import Wire

/// What a device's description says about mapping ports (UPnP Device Architecture 1.1 §2.3).
package struct IGDDescription: Hashable, Sendable {
    /// The services that map ports, those first that should be tried first.
    package let services: [IGDService]
    /// What the device calls itself, for people: printable and short, else nil.
    package let deviceName: String?

    /// No more are tried; a gateway with two uplinks of two kinds has four.
    package static let maximumServiceCount = 4
    private static let maximumNameLength = 64

    /// Reads a description that was found at `location`.
    package init(_ document: XMLTree, at location: HTTPTarget) {
        // UPnP 1.0 lets the device name another base than its description's place.
        let base = document.text(of: "URLBase").flatMap { HTTPTarget(url: $0, gateway: location.server.address) } ?? location
        var seen: Set<IGDService> = []
        let services = document.all(named: "service").compactMap { element -> IGDService? in
            guard let type = element.text(of: "serviceType"), let kind = IGDService.Kind(serviceType: type),
                let reference = element.text(of: "controlURL"), !reference.isEmpty,
                let control = HTTPTarget(reference: reference, base: base)
            else { return nil }
            let service = IGDService(kind, control: control)
            return seen.insert(service).inserted ? service : nil
        }
        // In document order within a kind.
        self.services = Array(
            IGDService.Kind.allCases.flatMap { kind in services.filter { $0.kind == kind } }
                .prefix(Self.maximumServiceCount))
        let device = document.first(named: "device")
        let name = device?.text(of: "friendlyName") ?? device?.text(of: "modelName") ?? ""
        let shown = String(
            name.unicodeScalars.filter { $0.properties.generalCategory != .control && $0.properties.generalCategory != .format }
                .prefix(Self.maximumNameLength).map(Character.init))
        deviceName = shown.isEmpty ? nil : shown
    }
}
