"""nftables rule sets of the NAT classes (RFC 4787 terms), for a router with the interfaces `wan` and `lan`.

Every class filters like a home router: nothing that comes from outside reaches the router's own stack. Without that drop an
early stray packet would take the mapping's port ("poisoned" gateways, `input_drop=False`).
"""

# Only what an inside host has opened comes in (address-and-port-dependent filtering is conntrack's own).
_STATEFUL_FORWARD = """
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname "wan" ct state established,related accept
    iifname "wan" ct status dnat accept
    iifname "wan" drop
  }
"""

_INPUT_DROP = """
  chain input {
    type filter hook input priority 0; policy accept;
    iifname "wan" meta l4proto ipv6-icmp accept
    iifname "wan" ct state established,related accept
    iifname "wan" drop
  }
"""

_BLOCK_UDP = """
  chain blocked {
    type filter hook forward priority -10; policy accept;
    meta l4proto udp drop
  }
"""


def _source_nat(statement):
    return f"""
table ip nat {{
  chain source {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta l4proto udp {statement}
    oifname "wan" masquerade
  }}
}}
"""


def _cone(filtering, wan4, lan4, hairpin):
    """Endpoint-independent filtering (full cone) or address-dependent filtering over an endpoint-independent mapping."""
    by_address = filtering == "adf"
    key_type = "ipv4_addr . inet_service" if by_address else "inet_service"
    key_out = "ip daddr . udp sport" if by_address else "udp sport"
    key_in = "ip saddr . udp dport" if by_address else "udp dport"
    bent = f"""
    iifname "lan" ip daddr {wan4} dnat to {key_in} map @cone""" if hairpin and not by_address else ""
    bent_source = f"""
    oifname "lan" ip saddr {lan4} ip daddr {lan4} ct status dnat snat to {wan4}""" if hairpin and not by_address else ""
    return f"""
table ip nat {{
  map cone {{
    type {key_type} : ipv4_addr . inet_service
    flags dynamic,timeout
    timeout 120s
    size 65535
  }}
  chain source {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade{bent_source}
  }}
  chain learn {{
    type filter hook postrouting priority 150; policy accept;
    oifname "wan" meta l4proto udp update @cone {{ {key_out} : ct original ip saddr . ct original proto-src }}
  }}
  chain destination {{
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" meta l4proto udp dnat to {key_in} map @cone{bent}
  }}
}}
"""


def ruleset(kind, wan4, lan4, input_drop=True, hairpin=False, block_udp=False, rejects=False):
    """The rules of one class; a router that rejects answers by ICMP what others drop in silence.

    none       routed, no filter          firewall  routed, stateful filter
    eim        EIM + APDF, ports kept     eim-random  the same, ports not kept (a carrier's)
    full-cone  EIM + EIF                  adf       EIM + ADF
    adm        ADM + APDF                 apdm      APDM + APDF, random ports
    """
    nat = {
        "none": "",
        "firewall": "",
        "eim": _source_nat("masquerade"),
        "eim-random": _source_nat("masquerade to :1024-32767"),
        "adm": _source_nat(f"snat to {wan4} : jhash ip daddr . udp sport mod 60000 offset 1024"),
        "apdm": _source_nat("masquerade fully-random"),
        "full-cone": _cone("eif", wan4, lan4, hairpin),
        "adf": _cone("adf", wan4, lan4, hairpin),
    }[kind]
    chains = "" if kind == "none" else _STATEFUL_FORWARD
    chains += _INPUT_DROP if input_drop and kind != "none" else ""
    chains = chains.replace('iifname "wan" drop', 'iifname "wan" reject') if rejects else chains
    chains += _BLOCK_UDP if block_udp else ""
    filters = f"table inet filter {{{chains}}}\n" if chains else ""
    return nat + filters
