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
            eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
            wlan0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
            tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
            """
        let ipv6 = """
            00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003 eth1
            fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001 eth2
            00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200 lo
            """
        #expect(DefaultRoute.interfaceNames(ipv4: ipv4, ipv6: ipv6) == ["eth0", "eth1"])
    }

    @Test func thisMachineHasALoopbackInterface() {
        let interfaces = NetworkInterface.all()
        #expect(interfaces.contains { $0.role == .loopback && $0.addresses.contains(IPAddress(127, 0, 0, 1)) })
    }
}
