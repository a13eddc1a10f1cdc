/*
 * What was written, as it was written: one struct for each kind of section, one member for each
 * key, all with the line. load.c fills it, key.def says which member belongs to which key, and the
 * compiler (emit.h) makes the image of it. Texts are checked by their type, but still texts: what
 * they mean together (a service that no section names, a file that can't be read) is seen later.
 *
 * All of it lies in the loader's arena.
 */
#ifndef VG_CONFIG_MODEL_H
#define VG_CONFIG_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "config/map.h"

/* A file that was read. */
struct vg_input {
	const char *name;  /* as the image and the digest know it: from vendgate.ini's directory */
	const char *shown; /* as a person finds it: that, behind the directory that was given */
	struct vg_slice bytes;
	uint64_t stamp; /* sys/file.h */
	bool in_rest;   /* input.h: it is more than a certificate of the gateway's own */
};

/* Values. Each begins with its line: 0 where it is the default, or was not set at all. */
struct vg_set_text {
	unsigned line;
	struct vg_slice value; /* ptr is NULL where it was not set */
};

struct vg_set_number {
	unsigned line;
	uint64_t value; /* bytes, milliseconds, or the place of a word among its row's words */
};

struct vg_set_list {
	unsigned line;
	size_t count;
	struct vg_set_text *items; /* each with its own line */
};

/* What every section begins with. */
struct vg_set {
	const struct vg_input *input;
	unsigned line;        /* of the header; 0: it is not there, and holds the defaults */
	struct vg_slice name; /* of [service NAME] and the like, else empty */
	bool faulty; /* an error in it was told: the image can do without it, since none will be */
};

struct vg_set_gateway {
	struct vg_set set;
	struct vg_set_text node;
	struct vg_set_list listen;
	struct vg_set_list proxy_protocol_from, probes_from;
	struct vg_set_number workers; /* 0: auto */
	struct vg_set_text policies;
	struct vg_set_text state;
	struct vg_set_text run;
	struct vg_set_text control;
	struct vg_set_text user;
	struct vg_set_number drain;
	struct vg_set_text health;
};

struct vg_set_tls {
	struct vg_set set;
	struct vg_set_list certificate;
	struct vg_set_list private_key; /* the key of the certificate in the same place */
	struct vg_set_number min_version;
	struct vg_set_list ciphers, ciphersuites, groups;
	struct vg_set_number disclose_ca;
};

struct vg_set_limits {
	struct vg_set set;
	struct vg_set_number connections; /* 0: half of the descriptors */
	struct vg_set_number connections_per_address;
	struct vg_set_number handshakes; /* a rate; 0: unlimited */
	struct vg_set_number header_bytes;
	struct vg_set_number header_timeout;
	struct vg_set_number idle_timeout;
	struct vg_set_number max_body;
	struct vg_set_number body_rate; /* bytes a second; 0: off */
	struct vg_set_number request_timeout;
};

struct vg_set_telemetry {
	struct vg_set set;
	struct vg_set_text to;
	struct vg_set_number format;
	struct vg_set_number header; /* line 0: as the sink's kind and format have it */
	struct vg_set_number facility;
	struct vg_set_list events;
	struct vg_set_list fields;
	struct vg_set_number identifiers;
	struct vg_set_number spool;
	struct vg_set_number on_full;
	struct vg_set_telemetry *next;
};

struct vg_set_service {
	struct vg_set set;
	struct vg_set_text host;
	struct vg_set_text prefix;
	struct vg_set_list upstream;
	struct vg_set_text upstream_host; /* line 0: that of `host` */
	struct vg_set_text upstream_ca;
	struct vg_set_text upstream_name;
	struct vg_set_text upstream_certificate;
	struct vg_set_text upstream_private_key;
	struct vg_set_list set_header;
	struct vg_set_number balance;
	struct vg_set_text health;
	struct vg_set_number connect_timeout;
	struct vg_set_number response_timeout;
	struct vg_set_list data;
	struct vg_set_number forward_identity;
	struct vg_set_service *next;
	uint32_t row; /* in the image; VG_NO_ROW where an error kept it out */
};

struct vg_set_vendor {
	struct vg_set set;
	struct vg_set_text id;
	struct vg_set_text name;
	struct vg_set_text contact;
	struct vg_set_text purpose;
	struct vg_set_text contract;
	struct vg_set_text assessed;
	struct vg_set_number assessment_valid;
	struct vg_set_number mode;
	struct vg_set_number hide;
};

struct vg_set_identity {
	struct vg_set set;
	struct vg_set_list ca;
	struct vg_set_list uri;
	struct vg_set_list dns;
	struct vg_set_list email;
	struct vg_set_list ip;
	struct vg_set_text subject;
	struct vg_set_list spki_sha256;
	struct vg_set_list networks;
	struct vg_set_identity *next;
};

struct vg_set_hours {
	struct vg_set set;
	struct vg_set_list allow;
	struct vg_set_list closed;
};

struct vg_set_access {
	struct vg_set set;
	struct vg_set_text service;
	struct vg_set_list methods;
	struct vg_set_text path;
	struct vg_set_list query;
	struct vg_set_list request_headers;
	struct vg_set_list request_type;
	struct vg_set_list hours;
	struct vg_set_number max_body; /* line 0: that of [limits] */
	struct vg_set_list response_headers;
	struct vg_set_list response_type;
	struct vg_set_number max_response;     /* line 0: any number */
	struct vg_set_number response_timeout; /* line 0: that of the service */
	struct vg_set_number errors;           /* line 0: it goes by response_type */
	struct vg_set_access *next;
};

/* Of a file of tests: cases.h. */
struct vg_set_case {
	struct vg_set set;
	struct vg_set_text vendor;
	struct vg_set_text from;
	struct vg_set_text at;
	struct vg_set_text request;
	struct vg_set_list header;
	struct vg_set_text body;
	struct vg_set_text expect;
	struct vg_set_case *next;
};

/* One file of the policies directory. */
struct vg_policy {
	const struct vg_input *input;
	struct vg_set_vendor vendor;
	struct vg_set_hours hours; /* line 0: there is none */
	struct vg_set_identity *identities;
	struct vg_set_access *accesses; /* in the order in which they were written, as all lists */
	struct vg_policy *next;
};

struct vg_model {
	const struct vg_input *input; /* vendgate.ini; NULL where it can't be read */
	struct vg_set_gateway gateway;
	struct vg_set_tls tls;
	struct vg_set_limits limits;
	struct vg_set_telemetry *sinks;
	struct vg_set_service *services;
	struct vg_map service_names; /* name → struct vg_set_service */
	struct vg_policy *policies;  /* by the name of their file */
	size_t policy_count;
};

#endif
