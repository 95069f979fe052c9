package com.example.actions;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/** TLS from the PEM files that everybody else uses, without a keystore on disk. */
final class Tls {
    private static final char[] NO_PASSWORD = {};
    private static final Pattern KEY =
            Pattern.compile("-----BEGIN ((?:[A-Z]+ )?)PRIVATE KEY-----([^-]*)-----END", Pattern.DOTALL);
    private static final int SEQUENCE = 0x30;
    private static final int OCTET_STRING = 0x04;
    private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};

    private Tls() {}

    /**
     * Makes a server's TLS.
     *
     * @param certificate the server's certificate and the chain below its authority; PEM
     * @param privateKey its key; PEM, PKCS#8 or the older forms of RSA and EC keys, not encrypted
     * @param clientCa the authority of the clients, who then need a certificate; null to ask for none
     */
    static HttpsConfigurator configurator(Path certificate, Path privateKey, Path clientCa)
            throws IOException, GeneralSecurityException {
        Certificate[] chain = certificates(certificate);
        PrivateKey key = privateKey(privateKey, chain[0].getPublicKey());
        KeyStore own = emptyStore();
        own.setKeyEntry("server", key, NO_PASSWORD, chain);
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, NO_PASSWORD);
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        KeyStore authorities = emptyStore();
        if (clientCa != null) {
            for (Certificate authority : certificates(clientCa)) {
                authorities.setCertificateEntry("authority " + authorities.size(), authority);
            }
        }
        trust.init(authorities);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return new HttpsConfigurator(context) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters tls = getSSLContext().getDefaultSSLParameters();
                tls.setNeedClientAuth(clientCa != null);
                parameters.setSSLParameters(tls);
            }
        };
    }

    private static Certificate[] certificates(Path file) throws IOException, CertificateException {
        try (InputStream stream = Files.newInputStream(file)) {
            var found = CertificateFactory.getInstance("X.509").generateCertificates(stream);
            if (found.isEmpty()) {
                throw new CertificateException(file + " holds no certificate; give a PEM file");
            }
            return found.toArray(Certificate[]::new);
        } catch (CertificateException error) {
            throw new CertificateException(file + " is not a PEM certificate: " + error.getMessage(), error);
        }
    }

    private static PrivateKey privateKey(Path file, PublicKey partner)
            throws IOException, GeneralSecurityException {
        Matcher pem = KEY.matcher(Files.readString(file, StandardCharsets.US_ASCII));
        if (!pem.find() || pem.group(1).startsWith("ENCRYPTED") || pem.group(2).contains(":")) {
            throw new GeneralSecurityException(
                    file + " holds no plain private key; `openssl pkey -in KEY -out PLAIN` makes one");
        }
        byte[] der = Base64.getMimeDecoder().decode(pem.group(2));
        boolean pkcs8 = pem.group(1).isEmpty();
        var spec = new PKCS8EncodedKeySpec(pkcs8 ? der : asPkcs8(der, partner));
        try {
            PrivateKey key = KeyFactory.getInstance(partner.getAlgorithm()).generatePrivate(spec);
            checkPair(key, partner);
            return key;
        } catch (GeneralSecurityException error) {
            throw new GeneralSecurityException(
                    file + " is not the " + partner.getAlgorithm() + " key that its certificate needs", error);
        }
    }

    /** Java would take any pair, and then fail in every handshake without a word of why. */
    private static void checkPair(PrivateKey key, PublicKey partner) throws GeneralSecurityException {
        String algorithm =
                switch (partner.getAlgorithm()) {
                    case "RSA" -> "SHA256withRSA";
                    case "EC" -> "SHA256withECDSA";
                    default -> partner.getAlgorithm();
                };
        byte[] something = "a test".getBytes(StandardCharsets.US_ASCII);
        Signature signature = Signature.getInstance(algorithm);
        signature.initSign(key);
        signature.update(something);
        byte[] signed = signature.sign();
        signature.initVerify(partner);
        signature.update(something);
        if (!signature.verify(signed)) {
            throw new InvalidKeyException("the key belongs to another certificate");
        }
    }

    /**
     * Wraps the older form of an RSA or EC key. PKCS#8 puts the name of the algorithm, and of the curve, in
     * front of it; the certificate's public key holds the very same bytes.
     */
    private static byte[] asPkcs8(byte[] key, PublicKey partner) {
        byte[] info = partner.getEncoded();
        int start = contentStart(info, 0);
        int end = contentStart(info, start) + contentLength(info, start);
        byte[] algorithm = Arrays.copyOfRange(info, start, end);
        return der(SEQUENCE, VERSION_0, algorithm, der(OCTET_STRING, key));
    }

    private static int contentStart(byte[] der, int element) {
        int length = der[element + 1] & 0xff;
        return element + 2 + (length < 0x80 ? 0 : length - 0x80);
    }

    private static int contentLength(byte[] der, int element) {
        int length = der[element + 1] & 0xff;
        if (length < 0x80) {
            return length;
        }
        int total = 0;
        for (int place = element + 2; place < contentStart(der, element); place++) {
            total = total << 8 | der[place] & 0xff;
        }
        return total;
    }

    private static byte[] der(int tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        var out = new ByteArrayOutputStream();
        out.write(tag);
        byte[] digits = BigInteger.valueOf(length).toByteArray();
        int skipped = digits[0] == 0 && digits.length > 1 ? 1 : 0; // the sign, which DER does not write
        if (length >= 0x80) {
            out.write(0x80 + digits.length - skipped);
        }
        out.write(digits, skipped, digits.length - skipped);
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }
}
