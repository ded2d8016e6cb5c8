internal import FoundationEssentials
internal import NIOCore
internal import Traversal
internal import Wire

extension NetworkInterface {
    /// The interfaces of this machine that are switched on and plugged in, those of the default routes first.
    ///
    /// Empty when the system does not tell; the next change of an address asks again.
    static func all(routes: Set<DefaultRoute> = DefaultRoute.all()) -> [NetworkInterface] {
        // It fails only for want of memory or descriptors.
        let devices = (try? System.enumerateDevices()) ?? []
        let routed = [routes.interface(of: .ipv4), routes.interface(of: .ipv6)]
        var found: [String: NetworkInterface] = [:]
        for device in devices {
            guard let address = device.address.flatMap(Endpoint.init(socketAddress:))?.address else { continue }
            if found[device.name] == nil {
                let facts = InterfaceFacts(of: device.name, isPointToPoint: device.pointToPointDestinationAddress != nil)
                guard facts.isUp else { continue }
                let isDefaultRoute = routed.contains(device.name)
                found[device.name] = NetworkInterface(
                    name: device.name, index: UInt32(clamping: device.interfaceIndex),
                    role: facts.role(isDefaultRoute: isDefaultRoute), addresses: [], isDefaultRoute: isDefaultRoute)
            }
            found[device.name]?.addresses.append(address)
        }
        return found.values.sorted { left, right in
            left.isDefaultRoute != right.isDefaultRoute ? left.isDefaultRoute : left.index < right.index
        }
    }
}

/// What the kernel says of an interface, beyond its addresses.
struct InterfaceFacts: Equatable {
    var isUp = true
    var isLoopback = false
    var isTunnel = false
    var isBridge = false

    init(isUp: Bool = true, isLoopback: Bool = false, isTunnel: Bool = false, isBridge: Bool = false) {
        self.isUp = isUp
        self.isLoopback = isLoopback
        self.isTunnel = isTunnel
        self.isBridge = isBridge
    }

    /// Reads `/sys/class/net/NAME`. Where it is missing (no sysfs of this network namespace) the name decides.
    init(of name: String, isPointToPoint: Bool) {
        let folder = "/sys/class/net/\(name)"
        guard FileManager.default.fileExists(atPath: folder) else {
            let isLoopback = name == "lo"
            let role = NetworkInterface.role(named: name, isLoopback: isLoopback, isPointToPoint: isPointToPoint)
            self.init(isLoopback: isLoopback, isTunnel: role == .inner)
            return
        }
        // linux/if_arp.h: 772 is loopback; 65534 (no link layer), 768, 769, 776, 778 (IP in IP, SIT, GRE) are tunnels.
        let hardware = Self.number(at: folder + "/type") ?? 1
        let hasCarrier = Self.number(at: folder + "/carrier") != 0
        self.init(
            isUp: (Self.number(at: folder + "/flags") ?? 1) & 1 == 1 && hasCarrier,
            isLoopback: hardware == 772,
            isTunnel: FileManager.default.fileExists(atPath: folder + "/tun_flags")
                || [65534, 768, 769, 776, 778].contains(hardware),
            isBridge: FileManager.default.fileExists(atPath: folder + "/bridge"))
    }

    /// A bridge is an uplink only when the default route leaves by it: docker0 has the same address on every machine.
    func role(isDefaultRoute: Bool) -> NetworkInterface.Role {
        if isLoopback { return .loopback }
        return isTunnel || (isBridge && !isDefaultRoute) ? .inner : .uplink
    }

    private static func number(at path: String) -> Int? {
        // An attribute that cannot be read is one the kernel does not have.
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let trimmed = text.prefix { !$0.isWhitespace }
        return trimmed.hasPrefix("0x") ? Int(trimmed.dropFirst(2), radix: 16) : Int(trimmed)
    }
}
