import Testing
import Traversal
import Wire

@testable import Client

@Suite struct NetworkInterfaceTests {
    @Test func aBridgeIsAnUplinkOnlyWithTheDefaultRoute() {
        #expect(InterfaceFacts(isBridge: true).role(isDefaultRoute: false) == .inner)
        #expect(InterfaceFacts(isBridge: true).role(isDefaultRoute: true) == .uplink)
    }

    @Test func aTunnelIsNeverAnUplink() {
        #expect(InterfaceFacts(isTunnel: true).role(isDefaultRoute: true) == .inner)
    }

    @Test func loopbackIsLoopback() {
        #expect(InterfaceFacts(isLoopback: true).role(isDefaultRoute: false) == .loopback)
        #expect(InterfaceFacts().role(isDefaultRoute: false) == .uplink)
    }

    @Test func defaultRoutesAreReadFromTheKernelsTables() {
        let ipv4 = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
            wlan0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
            tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
            """
        let ipv6 = """
            00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003 eth1
            fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001 eth2
            00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200 lo
            """
        #expect(
            DefaultRoute.all(ipv4: ipv4, ipv6: ipv6) == [
                DefaultRoute(family: .ipv4, interface: "eth0", gateway: "010200C0", metric: 100),
                DefaultRoute(
                    family: .ipv6, interface: "eth1", gateway: "fd000000000000000000000000000001", metric: 1024),
            ])
    }

    @Test func everyUplinkBesideTheDefaultRouteHasSocketsOfItsOwn() {
        let interfaces = [
            NetworkInterface(
                name: "eth0", index: 2, role: .uplink, addresses: [IPAddress(192, 0, 2, 5)], isDefaultRoute: true),
            NetworkInterface(name: "lte0", index: 3, role: .uplink, addresses: [IPAddress(198, 51, 100, 5)]),
            NetworkInterface(name: "wg0", index: 4, role: .inner, addresses: [IPAddress(10, 0, 0, 5)]),
        ]
        let route = DefaultRoute(family: .ipv4, interface: "eth0", gateway: "", metric: 0)
        let backup = DefaultRoute(family: .ipv4, interface: "lte0", gateway: "", metric: 500)
        let base = WantedSocket.all(for: [], routes: [])
        #expect(base.count == 4)
        #expect(WantedSocket.all(for: Array(interfaces.prefix(1)), routes: [route]) == base)
        let bound = WantedSocket(family: .ipv4, interfaceIndex: 3)
        #expect(WantedSocket.all(for: interfaces, routes: [route, backup]) == base + [bound])
    }

    @Test func thisMachineHasALoopbackInterface() {
        let interfaces = NetworkInterface.all()
        #expect(interfaces.contains { $0.role == .loopback && $0.addresses.contains(IPAddress(127, 0, 0, 1)) })
    }
}
