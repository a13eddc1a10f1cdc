/*
 * Makes a large configuration to measure with: vendors, each with a policy of its own and a CA of
 * its own, and for the first of them a client certificate. vendors.sh and run use it.
 *
 *   mkvendors DIR VENDORS RULES
 *
 * writes DIR/policies/vendor-NNNNN.ini, DIR/ca/vendor-NNNNN.pem and DIR/client.{pem,key}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY (24L * 3600)
#define VENDORS_MAX 99999UL

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static void must(int ok, const char *what)
{
	if (ok == 1)
		return;
	fprintf(stderr, "mkvendors: %s\n", what);
	exit(1);
}

static FILE *create(const char *dir, const char *name)
{
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	if (file == NULL)
		die(path);
	return file;
}

static void make_dir(const char *dir, const char *name)
{
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (mkdir(path, 0755) != 0)
		die(path);
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(ext != NULL && X509_add_ext(cert, ext, -1) == 1, value);
	X509_EXTENSION_free(ext);
}

static X509 *begin_cert(EVP_PKEY *key, const char *name, long serial)
{
	X509 *cert = X509_new();
	must(cert != NULL && key != NULL, "memory");
	X509_NAME *subject = X509_get_subject_name(cert);
	must(X509_set_version(cert, X509_VERSION_3), "version");
	must(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial), "serial");
	must(X509_gmtime_adj(X509_getm_notBefore(cert), -2 * 3600) != NULL, "notBefore");
	must(X509_gmtime_adj(X509_getm_notAfter(cert), 180 * DAY) != NULL, "notAfter");
	must(X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
					(const unsigned char *)"Vendgate throw-away", -1, -1, 0),
	     "subject");
	must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name,
					-1, -1, 0),
	     "subject");
	must(X509_set_pubkey(cert, key), "public key");
	return cert;
}

static void make_client(const char *dir, X509 *ca, EVP_PKEY *ca_key)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = begin_cert(key, "gateway", 2);
	must(X509_set_issuer_name(cert, X509_get_subject_name(ca)), "issuer");
	extend(cert, ca, NID_basic_constraints, "critical,CA:FALSE");
	extend(cert, ca, NID_key_usage, "critical,digitalSignature");
	extend(cert, ca, NID_ext_key_usage, "clientAuth");
	extend(cert, ca, NID_subject_alt_name, "URI:spiffe://vendor-00000.example/gateway");
	must(X509_sign(cert, ca_key, EVP_sha256()) > 0, "signature");
	FILE *file = create(dir, "client.pem");
	must(PEM_write_X509(file, cert), "client.pem");
	if (fclose(file) != 0)
		die("client.pem");
	file = create(dir, "client.key");
	must(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), "client.key");
	if (fclose(file) != 0)
		die("client.key");
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void make_ca(const char *dir, unsigned long number)
{
	char name[64], path[64];
	(void)snprintf(name, sizeof(name), "vendor-%05lu CA", number);
	(void)snprintf(path, sizeof(path), "ca/vendor-%05lu.pem", number);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = begin_cert(key, name, 1);
	must(X509_set_issuer_name(cert, X509_get_subject_name(cert)), "issuer");
	extend(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
	extend(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign");
	extend(cert, cert, NID_subject_key_identifier, "hash");
	must(X509_sign(cert, key, EVP_sha256()) > 0, "signature");
	FILE *file = create(dir, path);
	must(PEM_write_X509(file, cert), path);
	if (fclose(file) != 0)
		die(path);
	if (number == 0)
		make_client(dir, cert, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void make_policy(const char *dir, unsigned long number, unsigned long rules)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "policies/vendor-%05lu.ini", number);
	FILE *file = create(dir, path);
	(void)fprintf(file,
		      "[vendor]\nid = vendor-%05lu\nname = Vendor %lu\n"
		      "contact = soc@vendor-%05lu.example\n\n"
		      "[identity]\nca = ../ca/vendor-%05lu.pem\n"
		      "uri = spiffe://vendor-%05lu.example/gateway\n",
		      number, number, number, number, number);
	for (unsigned long i = 0; i < rules; i++)
		(void)fprintf(file,
			      "\n[access kind-%02lu]\nservice = api\nmethods = GET\n"
			      "path = /v1/kind-%02lu/{id:int}/part/{name:slug<=32}\n"
			      "query = page:int:1..50, sort:name|date\n",
			      i, i);
	if (fclose(file) != 0)
		die(path);
}

int main(int argc, char **argv)
{
	unsigned long vendors = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long rules = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	if (vendors == 0 || vendors > VENDORS_MAX || rules == 0) {
		fprintf(stderr, "usage: mkvendors DIR VENDORS RULES\n");
		return 2;
	}
	make_dir(argv[1], "ca");
	make_dir(argv[1], "policies");
	for (unsigned long i = 0; i < vendors; i++) {
		make_ca(argv[1], i);
		make_policy(argv[1], i, rules);
	}
	return 0;
}
