/* A bare TLS 1.3 handshake with certificates on both sides, in memory, and nothing else: what
 * OpenSSL costs any program that speaks TLS. Prints "done" and waits for its stdin to end. */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>

static void must(int holds) {
    if (!holds) {
        exit(1);
    }
}

static SSL_CTX* context(const SSL_METHOD* method, EVP_PKEY* key, X509* certificate) {
    SSL_CTX* made = SSL_CTX_new(method);
    must(made != NULL && SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION) == 1);
    must(SSL_CTX_use_certificate(made, certificate) == 1 && SSL_CTX_use_PrivateKey(made, key) == 1);
    must(X509_STORE_add_cert(SSL_CTX_get_cert_store(made), certificate) == 1);
    SSL_CTX_set_verify(made, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return made;
}

int main(void) {
    EVP_PKEY* key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509* certificate = X509_new();
    must(key != NULL && certificate != NULL);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char*)"bare", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    must(X509_sign(certificate, key, NULL) > 0);

    SSL* server = SSL_new(context(TLS_server_method(), key, certificate));
    SSL* client = SSL_new(context(TLS_client_method(), key, certificate));
    BIO* left = NULL;
    BIO* right = NULL;
    must(BIO_new_bio_pair(&left, 0, &right, 0) == 1);
    SSL_set_bio(server, left, left);
    SSL_set_bio(client, right, right);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    for (int i = 0; i < 10; ++i) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    must(SSL_is_init_finished(client) && SSL_is_init_finished(server));
    printf("done\n");
    fflush(stdout);
    return getchar() == EOF ? 0 : 1;
}
