#pragma once
// libssl and libcrypto for Swift: the headers, and functions for what they offer only as macros, variadic calls or unions.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

/// Whether the processor has AES instructions: with them AES-GCM is the fastest suite, without them ChaCha20-Poly1305.
static inline int causeway_cpu_has_aes(void) {
#if defined(__x86_64__) || defined(__i386__)
    unsigned int a, b, c = 0, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & (1u << 25)) != 0;
#elif defined(__aarch64__) && defined(__linux__)
    return (getauxval(AT_HWCAP) & (1ul << 3)) != 0;
#else
    return 1;
#endif
}

// MARK: contexts

/// The options, modes and cache settings that every context has.
static inline void causeway_ctx_set_defaults(SSL_CTX *ctx) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_NO_AUTO_CHAIN);
}
/// Lets a server issue stateless tickets and keep no sessions of its own.
static inline void causeway_ctx_use_tickets_only(SSL_CTX *ctx) { SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); }
/// Hands a client's sessions to its callback and keeps none in the library.
static inline void causeway_ctx_report_sessions(SSL_CTX *ctx) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}
static inline int causeway_ctx_set_versions(SSL_CTX *ctx, int lowest, int highest) {
    return SSL_CTX_set_min_proto_version(ctx, lowest) && SSL_CTX_set_max_proto_version(ctx, highest);
}
static inline int causeway_ctx_add_chain_certificate(SSL_CTX *ctx, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(ctx, certificate);
}
static inline int causeway_ssl_set_server_name(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }
static inline X509 *causeway_ssl_peer_certificate(const SSL *ssl) { return SSL_get0_peer_certificate(ssl); }
static inline int causeway_stack_count(const STACK_OF(X509) *stack) { return stack == NULL ? 0 : sk_X509_num(stack); }
static inline X509 *causeway_stack_at(const STACK_OF(X509) *stack, int index) { return sk_X509_value(stack, index); }
static inline int causeway_error_reason(unsigned long code) { return ERR_GET_REASON(code); }
static inline int causeway_error_is_ssl(unsigned long code) { return ERR_GET_LIB(code) == ERR_LIB_SSL; }

// MARK: the shared BIO

static inline void causeway_bio_ask_again(BIO *bio) { BIO_set_retry_read(bio); }
static inline void causeway_bio_clear(BIO *bio) { BIO_clear_retry_flags(bio); }

// MARK: keys and certificates

static inline EVP_PKEY *causeway_generate_p256(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"); }
static inline EVP_PKEY *causeway_generate_ed25519(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }

/// Appends a DNS name (type GEN_DNS) or the bytes of an address (type GEN_IPADD) to a list of names.
static inline int causeway_names_append(GENERAL_NAMES *names, int type, const void *bytes, int count) {
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = type == GEN_DNS ? (ASN1_STRING *)ASN1_IA5STRING_new() : (ASN1_STRING *)ASN1_OCTET_STRING_new();
    if (name == NULL || value == NULL || !ASN1_STRING_set(value, bytes, count)) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
        return 0;
    }
    GENERAL_NAME_set0_value(name, type, value);
    if (!sk_GENERAL_NAME_push(names, name)) {
        GENERAL_NAME_free(name);
        return 0;
    }
    return 1;
}
static inline int causeway_names_count(const GENERAL_NAMES *names) { return names == NULL ? 0 : sk_GENERAL_NAME_num(names); }
/// The bytes and type of one name of the list; NULL for a kind of name other than DNS and IP address.
static inline const unsigned char *causeway_names_at(const GENERAL_NAMES *names, int index, int *type, int *count) {
    int found = 0;
    ASN1_STRING *value = (ASN1_STRING *)GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, index), &found);
    if (found != GEN_DNS && found != GEN_IPADD) return NULL;
    *type = found;
    *count = ASN1_STRING_length(value);
    return ASN1_STRING_get0_data(value);
}

static inline BIO *causeway_memory_bio(void) { return BIO_new(BIO_s_mem()); }
static inline long causeway_memory_bio_content(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }
